//go:build kube1.28

package main

import (
	"github.com/spf13/cobra"
	"k8s.io/kubernetes/cmd/kube-proxy/app"
)

func newOptions() (*app.Options, error) { return app.NewOptions(), nil }

func complete(options *app.Options, c *cobra.Command) error { return options.Complete(c.Flags()) }

func validate(options *app.Options) error { return options.Validate() }
