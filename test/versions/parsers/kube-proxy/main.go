//go:build kube1.12

// Kube-proxy answers for the kube-proxy of the release that it was built with: would it start with these arguments? It does
// what kube-proxy does before it looks at the machine, with the release's own command line, decoder and validation, and
// decodes a configuration file strictly besides.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/kube-proxy/config/v1alpha1"
	"k8s.io/kubernetes/cmd/kube-proxy/app"

	"kubernetes-worker/test/versions/parsers/answer"
	"kubernetes-worker/test/versions/parsers/gates"
)

func main() { answer.Main(check, list) }

// command is kube-proxy's own with all of its flags, but what it runs is ours.
func command(run func(*cobra.Command, *app.Options) error) (*cobra.Command, error) {
	options, err := newOptions()
	if err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	c := &cobra.Command{
		Use:           "kube-proxy",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return run(c, options) },
	}
	options.AddFlags(c.Flags())
	c.Flags().AddFlagSet(app.NewProxyCommand().Flags()) // those that the command adds to the options'
	return c, nil
}

func check(args []string) error {
	c, err := command(func(c *cobra.Command, options *app.Options) error {
		if err := complete(options, c); err != nil {
			return fmt.Errorf("completion: %w", err)
		}
		if err := validate(options); err != nil {
			return fmt.Errorf("validation: %w", err)
		}
		if options.ConfigFile == "" {
			return nil
		}
		content, err := os.ReadFile(options.ConfigFile)
		if err == nil {
			err = decodeStrictly(content)
		}
		if err != nil {
			return fmt.Errorf("file: strict: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.SetArgs(args)
	return execute(c)
}

func list() []string {
	var lines []string
	c, err := command(func(c *cobra.Command, _ *app.Options) error {
		lines = answer.Flags("kube-proxy", c.Flags())
		return nil
	})
	if err == nil {
		c.SetArgs([]string{})
		err = execute(c)
	}
	if err != nil {
		panic(err) // the release's own command without arguments
	}
	lines = append(lines, answer.Fields("kube-proxy", v1alpha1.KubeProxyConfiguration{})...)
	return append(lines, answer.Gates("kube-proxy", gates.Names())...)
}
