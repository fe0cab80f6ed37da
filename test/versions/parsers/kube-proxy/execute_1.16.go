//go:build kube1.16 && !kube1.24

package main

import (
	goflag "flag"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/component-base/cli/flag"
	_ "k8s.io/component-base/logs" // the flags of klog
)

// execute prepares the process-wide flags as the main function of kube-proxy does.
func execute(c *cobra.Command) error {
	pflag.CommandLine.SetNormalizeFunc(flag.WordSepNormalizeFunc)
	pflag.CommandLine.AddGoFlagSet(goflag.CommandLine)
	return c.Execute()
}
