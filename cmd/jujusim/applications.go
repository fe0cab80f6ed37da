package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/jujusim/companion"
)

func (s *session) deploy() *cobra.Command {
	var spec jujusim.DeploySpec
	var configs, resources []string
	cmd := &cobra.Command{
		Use: "deploy CHARM [APPLICATION]", Short: "Deploy a charm directory, a .charm file or a companion", Args: cobra.RangeArgs(1, 2),
		Long: fmt.Sprintf("Deploy a charm directory, a .charm file, or companion:KIND.\nKinds of companions: %v.", companion.Kinds()),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec.Charm = args[0]
			if len(args) == 2 {
				spec.App = args[1]
			}
			var err error
			if spec.Resources, err = pairs(resources); err != nil {
				return err
			}
			if spec.Config, err = deployConfig(configs, spec.App); err != nil {
				return err
			}
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.Deploy(spec) })
		},
	}
	f := cmd.Flags()
	f.IntVarP(&spec.Units, "num-units", "n", 1, "number of units")
	f.StringSliceVar(&spec.To, "to", nil, "machines for the units")
	f.StringArrayVar(&configs, "config", nil, "option=value, or a YAML file")
	f.StringArrayVar(&resources, "resource", nil, "name=file")
	return cmd
}

// deployConfig reads --config words: option=value, or a file that maps options, or the application's name to options.
func deployConfig(words []string, app string) (map[string]string, error) {
	out := map[string]string{}
	for _, word := range words {
		content, err := os.ReadFile(word)
		if err != nil {
			one, wrong := pairs([]string{word})
			if wrong != nil {
				return nil, fmt.Errorf("cannot read configuration %s: %w", word, err)
			}
			maps.Copy(out, one)
			continue
		}
		values, err := parseConfig(content, app)
		if err != nil {
			return nil, fmt.Errorf("cannot read configuration %s: %w", word, err)
		}
		maps.Copy(out, values)
	}
	return out, nil
}

func parseConfig(content []byte, app string) (map[string]string, error) {
	var document map[string]any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	if inner, ok := document[app].(map[string]any); ok {
		document = inner
	}
	out := map[string]string{}
	for name, value := range document {
		switch value.(type) {
		case string, bool, int, float64:
			out[name] = fmt.Sprint(value)
		default:
			return nil, fmt.Errorf("option %s is no plain value", name)
		}
	}
	return out, nil
}

func (s *session) integrate() *cobra.Command {
	return &cobra.Command{
		Use: "integrate APP:ENDPOINT APP:ENDPOINT", Aliases: []string{"relate", "add-relation"}, Short: "Relate two applications", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error {
				_, err := m.Integrate(args[0], args[1])
				return err
			})
		},
	}
}

func (s *session) removeRelation() *cobra.Command {
	return &cobra.Command{
		Use: "remove-relation APP:ENDPOINT APP:ENDPOINT", Short: "End a relation", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.RemoveRelation(args[0], args[1]) })
		},
	}
}

func (s *session) config() *cobra.Command {
	var reset []string
	cmd := &cobra.Command{
		Use: "config APPLICATION [OPTION=VALUE | OPTION]...", Short: "Set or show options", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && len(reset) == 0 || len(args) == 2 && !slices.Contains([]byte(args[1]), '=') {
				return s.inModel(cmd, func(m *jujusim.Model) error { return showConfig(cmd, m, args) })
			}
			values, err := pairs(args[1:])
			if err != nil {
				return err
			}
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error {
				if err := m.ResetConfig(args[0], reset...); err != nil {
					return err
				}
				return m.SetConfig(args[0], values)
			})
		},
	}
	cmd.Flags().StringSliceVar(&reset, "reset", nil, "options to bring back to their defaults")
	return cmd
}

func showConfig(cmd *cobra.Command, m *jujusim.Model, args []string) error {
	all, err := m.Config(args[0])
	if err != nil {
		return err
	}
	if len(args) == 2 {
		value, ok := all[args[1]]
		if !ok {
			return fmt.Errorf("no option %q", args[1])
		}
		fmt.Fprintln(cmd.OutOrStdout(), value)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %v\n", name, all[name])
	}
	return nil
}

func (s *session) modelConfig() *cobra.Command {
	return &cobra.Command{
		Use: "model-config OPTION=VALUE...", Short: "Set the model's proxies and retry option", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := pairs(args)
			if err != nil {
				return err
			}
			return s.inModel(cmd, func(m *jujusim.Model) error { return m.SetModelConfig(values) })
		},
	}
}

func (s *session) addUnit() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "add-unit APPLICATION", Short: "Add a unit", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error {
				unit, err := m.AddUnit(args[0], to)
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), unit)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "machine; a new one by default")
	return cmd
}

func (s *session) removeUnit() *cobra.Command {
	return &cobra.Command{
		Use: "remove-unit UNIT", Short: "Remove a unit", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.RemoveUnit(args[0]) })
		},
	}
}

func (s *session) upgrade() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "upgrade APPLICATION --path CHARM", Aliases: []string{"refresh"}, Short: "Upgrade an application's charm", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.Upgrade(args[0], path) })
		},
	}
	cmd.Flags().StringVar(&path, "path", "", "charm directory or .charm file")
	// The flag exists: the only possible error cannot happen.
	_ = cmd.MarkFlagRequired("path")
	return cmd
}

func (s *session) attachResource() *cobra.Command {
	return &cobra.Command{
		Use: "attach-resource APPLICATION NAME=FILE", Short: "Upload a resource", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := pairs(args[1:])
			if err != nil {
				return err
			}
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error {
				for name, file := range given {
					if err := m.AttachResource(args[0], name, file); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
