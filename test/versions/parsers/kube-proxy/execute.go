//go:build kube1.24

package main

import (
	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
)

func execute(c *cobra.Command) error { return cli.RunNoErrOutput(c) }
