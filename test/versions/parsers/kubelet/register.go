//go:build kube1.28

package main

import (
	_ "k8s.io/component-base/logs/json/register"

	"k8s.io/apiserver/pkg/util/feature"
	logs "k8s.io/component-base/logs/api/v1"
	metrics "k8s.io/component-base/metrics/features"
)

// registerGates adds the gates that packages of the kubelet which are not linked here register when they are loaded.
func registerGates() error {
	if err := logs.AddFeatureGates(feature.DefaultMutableFeatureGate); err != nil {
		return err
	}
	return metrics.AddFeatureGates(feature.DefaultMutableFeatureGate)
}
