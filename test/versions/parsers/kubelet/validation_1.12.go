//go:build kube1.12 && !kube1.28

package main

import (
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
)

func validate(configuration *config.KubeletConfiguration) error {
	return validation.ValidateKubeletConfiguration(configuration)
}
