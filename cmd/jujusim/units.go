package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/jujusim"
)

func (s *session) run() *cobra.Command {
	return &cobra.Command{
		Use: "run UNIT ACTION [PARAMETER=VALUE]...", Short: "Run an action and print its results", Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			params, err := actionParams(args[2:])
			if err != nil {
				return err
			}
			return s.inModel(cmd, func(m *jujusim.Model) error {
				result, err := m.RunAction(cmd.Context(), args[0], args[1], params)
				if err != nil {
					return err
				}
				if err := printResult(cmd.OutOrStdout(), result); err != nil {
					return err
				}
				if err := s.quieten(cmd.Context(), m); err != nil {
					return err
				}
				if result.Status == "failed" {
					fmt.Fprintf(cmd.ErrOrStderr(), "Action id %d failed: %s\n", result.ID, result.Message)
					return exitStatus(1)
				}
				return nil
			})
		},
	}
}

// actionParams reads a.b=value words; values are YAML, as with juju run.
func actionParams(words []string) (map[string]any, error) {
	params := map[string]any{}
	for _, word := range words {
		key, text, found := strings.Cut(word, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("expected parameter=value, got %q", word)
		}
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", key, err)
		}
		if text == "" {
			value = ""
		}
		into := params
		parts := strings.Split(key, ".")
		for _, part := range parts[:len(parts)-1] {
			inner, ok := into[part].(map[string]any)
			if !ok {
				inner = map[string]any{}
				into[part] = inner
			}
			into = inner
		}
		into[parts[len(parts)-1]] = value
	}
	return params, nil
}

func printResult(out io.Writer, r jujusim.ActionResult) error {
	for _, line := range r.Log {
		fmt.Fprintln(out, line)
	}
	if len(r.Results) > 0 {
		text, err := yaml.Marshal(r.Results)
		if err != nil {
			return fmt.Errorf("cannot print the results: %w", err)
		}
		fmt.Fprint(out, string(text))
		return nil
	}
	fmt.Fprint(out, r.Stdout)
	return nil
}

func (s *session) resolve() *cobra.Command {
	var noRetry bool
	cmd := &cobra.Command{
		Use: "resolve UNIT", Aliases: []string{"resolved"}, Short: "End a unit's error state", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.Resolve(args[0], !noRetry) })
		},
	}
	cmd.Flags().BoolVar(&noRetry, "no-retry", false, "take the hook as done")
	return cmd
}

func (s *session) settle() *cobra.Command {
	return &cobra.Command{
		Use: "settle", Short: "Run hooks until nothing is left to do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inModelThenSettle(cmd, func(*jujusim.Model) error { return nil })
		},
	}
}

func (s *session) hook() *cobra.Command {
	return &cobra.Command{
		Use: "hook UNIT NAME", Short: "Run a hook that only time brings, such as update-status", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.Ask(args[0], args[1]) })
		},
	}
}

func (s *session) updateStatus() *cobra.Command {
	return &cobra.Command{
		Use: "update-status UNIT...", Short: "Run update-status on units", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error {
				for _, unit := range args {
					if err := m.UpdateStatus(unit); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func (s *session) reboot() *cobra.Command {
	return &cobra.Command{
		Use: "reboot MACHINE", Short: "Reboot a machine", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.Reboot(cmd.Context(), args[0]) })
		},
	}
}

func (s *session) setBag() *cobra.Command {
	var clearAll bool
	cmd := &cobra.Command{
		Use: "set-bag APP:ENDPOINT APP:ENDPOINT UNIT KEY=VALUE...", Short: "Write into a unit's relation data, whatever it means", Args: cobra.MinimumNArgs(3),
		Long: "Write into a unit's relation data, whatever it means. A companion's keys stay so until --clear; KEY= hides a key.",
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := pairs(args[3:])
			if err != nil {
				return err
			}
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error {
				id, err := m.FindRelation(args[0], args[1])
				if err != nil {
					return err
				}
				if clearAll {
					if err := m.ClearBag(id, args[2]); err != nil {
						return err
					}
				}
				return m.SetBag(id, args[2], values)
			})
		},
	}
	cmd.Flags().BoolVar(&clearAll, "clear", false, "first take back what was set before")
	return cmd
}

func (s *session) showBag() *cobra.Command {
	return &cobra.Command{
		Use: "show-bag APP:ENDPOINT APP:ENDPOINT UNIT", Short: "Show a unit's relation data", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModel(cmd, func(m *jujusim.Model) error {
				id, err := m.FindRelation(args[0], args[1])
				if err != nil {
					return err
				}
				data, err := m.Bag(id, args[2])
				if err != nil {
					return err
				}
				for _, key := range slices.Sorted(maps.Keys(data)) {
					fmt.Fprintf(cmd.OutOrStdout(), "%s=%s\n", key, data[key])
				}
				return nil
			})
		},
	}
}

func (s *session) setLeader() *cobra.Command {
	return &cobra.Command{
		Use: "set-leader UNIT", Short: "Make a unit the leader of its application", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.SetLeader(args[0]) })
		},
	}
}

func (s *session) setAddress() *cobra.Command {
	return &cobra.Command{
		Use: "set-address MACHINE PRIVATE [PUBLIC]", Short: "Change a machine's addresses", Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			public := ""
			if len(args) == 3 {
				public = args[2]
			}
			return s.inModelThenSettle(cmd, func(m *jujusim.Model) error { return m.SetAddress(args[0], args[1], public) })
		},
	}
}
