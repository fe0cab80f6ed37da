package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubernetes-worker/internal/jujusim"
)

// session is what every command shares: the model directory and how hooks run.
type session struct {
	dir     string
	retries int
	delay   time.Duration
	quiet   bool
	noHooks bool
	timeout time.Duration
}

func rootCommand() *cobra.Command {
	s := &session{}
	root := &cobra.Command{
		Use:           "jujusim",
		Short:         "A simulated Juju for one machine",
		Long:          "A simulated Juju for one machine. Each command changes the model in a directory and then runs hooks until\nnothing is left to do. Companions stand at the other ends of relations: deploy companion:easyrsa.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&s.dir, "dir", "d", "jujusim-model", "model directory")
	flags.IntVar(&s.retries, "retries", 0, "how often a failed hook is run again")
	flags.DurationVar(&s.delay, "retry-delay", 0, "wait before a failed hook is run again; 0 means at once")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "no progress lines")
	flags.BoolVar(&s.noHooks, "no-hooks", false, "change the model, run no hook")
	flags.DurationVar(&s.timeout, "hook-timeout", 30*time.Minute, "longest time one hook may take")
	root.AddCommand(s.bootstrap(), s.addMachine(), s.deploy(), s.integrate(), s.removeRelation(), s.config(), s.modelConfig(),
		s.addUnit(), s.removeUnit(), s.upgrade(), s.attachResource(), s.run(), s.resolve(), s.settle(), s.hook(), s.updateStatus(),
		s.reboot(), s.setBag(), s.showBag(), s.setLeader(), s.setAddress(), s.status(), s.debugLog(), s.hooks())
	return root
}

func (s *session) options(cmd *cobra.Command) jujusim.Options {
	options := jujusim.Options{
		Dir: s.dir, Retries: s.retries, HookTimeout: s.timeout,
		RetryDelay: func(int) time.Duration { return s.delay },
	}
	if !s.quiet {
		options.Progress = func(line string) {
			fmt.Fprintln(cmd.ErrOrStderr(), time.Now().Format("15:04:05"), line)
		}
	}
	return options
}

// inModel opens the model for a command.
func (s *session) inModel(cmd *cobra.Command, work func(m *jujusim.Model) error) error {
	m, err := jujusim.Open(s.options(cmd))
	if err != nil {
		return err
	}
	defer m.Close()
	return work(m)
}

// inModelThenSettle opens the model for a command that changes it, and runs hooks until quiet.
func (s *session) inModelThenSettle(cmd *cobra.Command, work func(m *jujusim.Model) error) error {
	return s.inModel(cmd, func(m *jujusim.Model) error {
		if err := work(m); err != nil {
			return err
		}
		return s.quieten(cmd.Context(), m)
	})
}

func (s *session) quieten(ctx context.Context, m *jujusim.Model) error {
	if s.noHooks {
		return nil
	}
	return m.Settle(ctx)
}

// pairs reads k=v words.
func pairs(words []string) (map[string]string, error) {
	out := map[string]string{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("expected key=value, got %q", word)
		}
		out[key] = value
	}
	return out, nil
}

func (s *session) bootstrap() *cobra.Command {
	var version, name string
	cmd := &cobra.Command{
		Use: "bootstrap", Short: "Make an empty model", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := s.options(cmd)
			options.Juju, options.Name = version, name
			m, err := jujusim.New(options)
			if err != nil {
				return err
			}
			defer m.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "model of Juju %s in %s\n", m.Generation().Version, m.Dir())
			return nil
		},
	}
	cmd.Flags().StringVar(&version, "juju", "3.6", "Juju release to imitate: 2.9, 3.6, 4.0 or a full version")
	cmd.Flags().StringVar(&name, "model", "default", "the model's name")
	return cmd
}

// shell makes an argument vector of a shell command; none of none.
func shell(command string) []string {
	if command == "" {
		return nil
	}
	return []string{"sh", "-c", command}
}

func (s *session) addMachine() *cobra.Command {
	var spec jujusim.MachineSpec
	var env []string
	var enter, pid, reboot string
	cmd := &cobra.Command{
		Use: "add-machine", Short: "Add a machine that hooks can run on", Args: cobra.NoArgs,
		Long: "Add a machine. With only --machine-root it is a directory; hooks are plain processes that find it in\n" + jujusim.RootVariable +
			". With --machine-exec it is entered with that command in front of the hook's; {pid} in it and in\n--machine-root stands for what the command --machine-pid prints.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if spec.Env, err = pairs(env); err != nil {
				return err
			}
			spec.Exec, spec.PID, spec.Reboot = strings.Fields(enter), shell(pid), shell(reboot)
			return s.inModel(cmd, func(m *jujusim.Model) error {
				id, err := m.AddMachine(spec)
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), "machine", id)
				}
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&spec.ID, "id", "", "the machine's name; the next number by default")
	f.StringVar(&spec.Root, "machine-root", "", "where the machine's / is seen from here")
	f.StringVar(&enter, "machine-exec", "", "words put in front of a command to run it inside the machine")
	f.StringVar(&pid, "machine-pid", "", "shell command that prints the pid of the machine's init")
	f.StringVar(&reboot, "machine-reboot", "", "shell command that reboots the machine and returns when it is up")
	f.StringVar(&spec.Address, "address", "", "private address")
	f.StringVar(&spec.PublicAddress, "public-address", "", "public address; - when not known yet")
	f.StringVar(&spec.Interface, "interface", "", "network interface with the address")
	f.StringVar(&spec.Zone, "zone", "", "availability zone")
	f.StringArrayVar(&env, "env", nil, "NAME=VALUE added to the hooks' environment")
	f.StringSliceVar(&spec.PathPrefix, "path-prefix", nil, "directories put into PATH after the tools")
	return cmd
}
