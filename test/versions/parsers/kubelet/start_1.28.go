//go:build kube1.28 && !kube1.34

package main

import (
	"fmt"

	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-helpers/node/util"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/features"
)

// checkStart does what the kubelet checks of its flags not before it starts.
func checkStart(flags *options.KubeletFlags) error {
	if err := checkProvider(flags.CloudProvider); err != nil {
		return err
	}
	if _, err := util.ParseNodeIPArgument(flags.NodeIP, flags.CloudProvider, feature.DefaultFeatureGate.Enabled(features.CloudDualStackNodeIPs)); err != nil {
		return fmt.Errorf("bad --node-ip %q: %w", flags.NodeIP, err)
	}
	return nil
}
