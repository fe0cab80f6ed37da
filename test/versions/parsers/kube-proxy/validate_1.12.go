//go:build kube1.12 && !kube1.20

package main

import "k8s.io/kubernetes/cmd/kube-proxy/app"

func validate(options *app.Options) error { return options.Validate(nil) }
