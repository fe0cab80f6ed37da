//go:build kube1.34

package main

import (
	"fmt"

	"k8s.io/cloud-provider"
	"k8s.io/component-helpers/node/util"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
)

// checkStart does what the kubelet checks of its flags not before it starts.
func checkStart(flags *options.KubeletFlags) error {
	if flags.CloudProvider != "" && !cloudprovider.IsExternal(flags.CloudProvider) {
		return cloudprovider.ErrorForDisabledProvider(flags.CloudProvider)
	}
	if _, _, err := util.ParseNodeIPArgument(flags.NodeIP, flags.CloudProvider); err != nil {
		return fmt.Errorf("bad --node-ip %q: %w", flags.NodeIP, err)
	}
	return nil
}
