//go:build kube1.24 && !kube1.28

package main

import (
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
)

// registerGates adds the gates that packages of the kubelet which are not linked here register when they are loaded.
func registerGates() error { return logs.AddFeatureGates(feature.DefaultMutableFeatureGate) }
