//go:build kube1.12 && !kube1.28

package main

import (
	"reflect"

	"github.com/spf13/cobra"
	"k8s.io/kubernetes/cmd/kube-proxy/app"
	"k8s.io/kubernetes/pkg/proxy/apis/config"

	"kubernetes-worker/test/versions/parsers/private"
)

// newOptions gives the options with defaults, which in these releases only the command puts in.
func newOptions() (*app.Options, error) {
	options := app.NewOptions()
	defaults, err := options.ApplyDefaults(&config.KubeProxyConfiguration{})
	if err != nil {
		return nil, err
	}
	private.Field(options, "config").Set(reflect.ValueOf(defaults))
	return options, nil
}

func complete(options *app.Options, _ *cobra.Command) error { return options.Complete() }
