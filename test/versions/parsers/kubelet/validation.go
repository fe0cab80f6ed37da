//go:build kube1.28

package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/util/feature"
	logs "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
)

func validate(configuration *config.KubeletConfiguration) error {
	if errs := logs.Validate(&configuration.Logging, feature.DefaultFeatureGate, field.NewPath("logging")); len(errs) > 0 {
		return fmt.Errorf("logging: %w", errs.ToAggregate())
	}
	return validation.ValidateKubeletConfiguration(configuration, feature.DefaultFeatureGate)
}
