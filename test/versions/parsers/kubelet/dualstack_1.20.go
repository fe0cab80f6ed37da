//go:build kube1.20 && !kube1.24

package main

import (
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/features"
)

func dualStack() bool { return feature.DefaultFeatureGate.Enabled(features.IPv6DualStack) }
