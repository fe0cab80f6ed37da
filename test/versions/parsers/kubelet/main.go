//go:build kube1.12

// Kubelet answers for the kubelet of the release that it was built with: would it start with these arguments and the
// configuration file they name? It does what the kubelet does before it looks at the machine, with the release's own flags,
// decoder and validation, and decodes the file strictly besides, which a kubelet only warns about.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/kubelet/config/v1beta1"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"

	"kubernetes-worker/test/versions/parsers/answer"
	"kubernetes-worker/test/versions/parsers/gates"
)

func main() {
	if err := registerGates(); err != nil {
		panic(err) // two of the release's own gates
	}
	pretendCgroups()
	answer.Main(check, list)
}

// flagSet has the flags of the real command, in which they are put together in the same way.
func flagSet() (*pflag.FlagSet, *options.KubeletFlags, *config.KubeletConfiguration, error) {
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	set.Usage = func() {}
	set.SetNormalizeFunc(normalize)
	flags := options.NewKubeletFlags()
	configuration, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("defaults: %w", err)
	}
	addFlags(set, flags, configuration)
	return set, flags, configuration, nil
}

func addFlags(set *pflag.FlagSet, flags *options.KubeletFlags, configuration *config.KubeletConfiguration) {
	flags.AddFlags(set)
	options.AddKubeletConfigFlags(set, configuration)
	options.AddGlobalFlags(set)
	set.BoolP("help", "h", false, "help for kubelet")
}

func check(args []string) error {
	set, flags, configuration, err := flagSet()
	if err != nil {
		return err
	}
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	if set.NArg() > 0 {
		return fmt.Errorf("flags: unknown command: %s", set.Arg(0))
	}
	if err := gates.Set(configuration.FeatureGates); err != nil {
		return fmt.Errorf("gates: %w", err)
	}
	if err := options.ValidateKubeletFlags(flags); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	if flags.KubeletConfigFile != "" {
		if configuration, err = load(flags.KubeletConfigFile); err != nil {
			return fmt.Errorf("file: %w", err)
		}
		if err := override(configuration, args); err != nil {
			return err
		}
	}
	if err := validate(configuration); err != nil {
		return fmt.Errorf("validation: %w", err)
	}
	if err := checkStart(flags); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	return nil
}

// load reads the file twice: as the kubelet does, and strictly.
func load(file string) (*config.KubeletConfiguration, error) {
	configuration, err := loadFile(file)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := decodeStrictly(content); err != nil {
		return nil, fmt.Errorf("strict: %w", err)
	}
	return configuration, nil
}

// override lets the flags win over the file: they are parsed a second time, into what was read.
func override(configuration *config.KubeletConfiguration, args []string) error {
	fromFile := configuration.FeatureGates
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	set.Usage = func() {}
	set.SetNormalizeFunc(normalize)
	addFlags(set, options.NewKubeletFlags(), configuration)
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("flags over the file: %w", err)
	}
	for name, on := range fromFile {
		if _, given := configuration.FeatureGates[name]; !given {
			configuration.FeatureGates[name] = on
		}
	}
	if err := gates.Set(configuration.FeatureGates); err != nil {
		return fmt.Errorf("gates: %w", err)
	}
	return nil
}

func list() []string {
	set, _, _, err := flagSet()
	if err != nil {
		panic(err) // the release's own defaults
	}
	lines := answer.Flags("kubelet", set)
	lines = append(lines, answer.Fields("kubelet", v1beta1.KubeletConfiguration{})...)
	return append(lines, answer.Gates("kubelet", gates.Names())...)
}
