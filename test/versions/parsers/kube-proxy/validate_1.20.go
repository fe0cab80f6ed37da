//go:build kube1.20 && !kube1.28

package main

import "k8s.io/kubernetes/cmd/kube-proxy/app"

func validate(options *app.Options) error { return options.Validate() }
