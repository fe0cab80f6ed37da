package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kubernetes-worker/internal/jujusim"
)

func (s *session) status() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "status", Short: "Show the model", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inModel(cmd, func(m *jujusim.Model) error {
				switch format {
				case "tabular":
					return printStatus(cmd.OutOrStdout(), m.Status())
				case "json":
					return printJSON(cmd.OutOrStdout(), m.Status())
				default:
					return fmt.Errorf("unknown format %q, expected tabular or json", format)
				}
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "tabular", "tabular or json")
	return cmd
}

func printJSON(out io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode: %w", err)
	}
	fmt.Fprintln(out, string(text))
	return nil
}

func printStatus(out io.Writer, s jujusim.Status) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "Model\tVersion\n%s\t%s\n\n", s.Model, s.Juju)
	fmt.Fprintln(w, "Unit\tWorkload\tAgent\tMachine\tPublic address\tPorts\tVersion\tMessage")
	for _, u := range s.Units {
		name := u.Name
		if u.Leader {
			name += "*"
		}
		if u.Principal != "" {
			name = "  " + name
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, u.Status, u.Agent, u.Machine, u.Address, strings.Join(u.Ports, ","), u.Version, u.Message)
	}
	fmt.Fprintln(w, "\nRelation\tEndpoints\tInterface\tUnits")
	for _, r := range s.Relations {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", r.ID, strings.Join(r.Endpoints, " "), r.Interface, strings.Join(r.Units, " "))
	}
	return w.Flush()
}

func (s *session) debugLog() *cobra.Command {
	var include string
	var tail int
	cmd := &cobra.Command{
		Use: "debug-log", Short: "Show the log", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inModel(cmd, func(m *jujusim.Model) error {
				lines, err := m.Log()
				if err != nil {
					return err
				}
				if tail > 0 && len(lines) > tail {
					lines = lines[len(lines)-tail:]
				}
				prefix := strings.ReplaceAll(include, "/", "-")
				for _, line := range lines {
					if strings.HasPrefix(line, prefix) || strings.HasPrefix(line, "unit-"+prefix) {
						fmt.Fprintln(cmd.OutOrStdout(), line)
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&include, "include", "", "only this unit's lines")
	cmd.Flags().IntVarP(&tail, "lines", "n", 0, "only the last lines")
	return cmd
}

func (s *session) hooks() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "hooks", Short: "Show which hooks ran and what they cost", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inModel(cmd, func(m *jujusim.Model) error {
				records, err := m.Hooks()
				if err != nil {
					return err
				}
				if format == "json" {
					return printJSON(cmd.OutOrStdout(), records)
				}
				return printHooks(cmd.OutOrStdout(), records)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "tabular", "tabular or json")
	return cmd
}

func printHooks(out io.Writer, records []jujusim.HookRecord) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "#\tUnit\tHook\tRemote\tOutcome\tWall\tCPU\tPeak MB\tSocket\tExec\tWrites")
	for _, r := range records {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%.1f\t%d\t%d\t%d\n", r.Number, r.Unit, r.Name(), r.RemoteUnit, r.Outcome,
			r.Wall.Round(time.Millisecond), r.CPU.Round(time.Millisecond), float64(r.PeakKB)/1024, r.Calls("socket"), r.Calls("exec"), len(r.Flushed))
	}
	return w.Flush()
}
