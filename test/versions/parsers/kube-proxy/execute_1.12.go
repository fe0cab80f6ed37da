//go:build kube1.12 && !kube1.16

package main

import (
	goflag "flag"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apiserver/pkg/util/flag"
	_ "k8s.io/apiserver/pkg/util/logs" // the flags of glog
)

// execute prepares the process-wide flags as the main function of kube-proxy does.
func execute(c *cobra.Command) error {
	pflag.CommandLine.SetNormalizeFunc(flag.WordSepNormalizeFunc)
	pflag.CommandLine.AddGoFlagSet(goflag.CommandLine)
	return c.Execute()
}
