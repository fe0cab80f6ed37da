package charm

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubernetes-worker/internal/contract"
	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/reactive"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/worker"
)

// usage is the exit status for what the program does not know.
const usage = 2

// Main runs the program as it was called: as a hook or an action by Juju, or by its own name by an operator. It gives
// the exit status.
func Main(ctx context.Context, in Invocation, version string) int {
	if filepath.Base(in.Args[0]) != contract.Program {
		event, err := juju.ParseEvent(in.Args[0], in.Getenv)
		if err == nil {
			return dispatch(ctx, in, event)
		}
		fmt.Fprintln(in.Stderr, err)
		fmt.Fprintln(in.Stderr, command(ctx, in, version, new(int)).UsageString())
		return usage
	}
	// Juju starts dispatch, which is a link to the program; some set argv[0] to what it points to.
	if in.Getenv("JUJU_DISPATCH_PATH") != "" && len(in.Args) == 1 {
		if event, err := juju.ParseEvent(in.Args[0], in.Getenv); err == nil {
			return dispatch(ctx, in, event)
		}
	}
	status := 0
	root := command(ctx, in, version, &status)
	root.SetArgs(in.Args[1:])
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(in.Stderr, "kubernetes-worker:", err)
		fmt.Fprintln(in.Stderr, root.UsageString())
		return usage
	}
	return status
}

// dispatch runs one event, if it is one that the charm knows.
func dispatch(ctx context.Context, in Invocation, event juju.Event) int {
	switch {
	case event.Kind == juju.Action && slices.Contains(actionNames(), event.Name):
		return Action(ctx, in, event)
	case event.Kind == juju.Hook && knownHook(event.Name):
		return Hook(ctx, in, event)
	}
	fmt.Fprintf(in.Stderr, "cannot run %s %q: this charm has none of that name\n", event.Kind, event.Name)
	fmt.Fprintln(in.Stderr, command(ctx, in, "", new(int)).UsageString())
	return usage
}

// knownHook takes Juju's own hooks and those of relations, whatever the endpoint: Juju calls only those that metadata
// names, and a newer metadata must not fail an older program in the middle of an upgrade.
func knownHook(name string) bool {
	return slices.Contains(contract.UnitHooks(), name) || strings.Contains(name, "-relation-")
}

func actionNames() []string {
	return []string{"clean-containers", "clean-images", "debug", "microbot", "pause", "registry", "resume", "upgrade"}
}

// command is what an operator finds on a unit: juju exec --unit kubernetes-worker/0 -- ./kubernetes-worker flags
func command(ctx context.Context, in Invocation, version string, status *int) *cobra.Command {
	root := &cobra.Command{
		Use:           contract.Program,
		Short:         "The kubernetes-worker charm: as a hook or action it is run by Juju, by its own name by you",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(in.Stdout)
	root.SetErr(in.Stderr)
	event := func(kind juju.EventKind, name string) int {
		return dispatch(ctx, in, juju.Event{Kind: kind, Name: name, ActionName: name})
	}
	root.AddCommand(
		&cobra.Command{Use: "version", Short: "Print the charm's version", Args: cobra.NoArgs,
			Run: func(*cobra.Command, []string) { fmt.Fprintln(in.Stdout, version) }},
		&cobra.Command{Use: "hook NAME", Short: "Run a hook by hand, inside juju exec", Args: cobra.ExactArgs(1),
			Run: func(_ *cobra.Command, args []string) { *status = event(juju.Hook, args[0]) }},
		&cobra.Command{Use: "action NAME", Short: "Run an action by hand, inside juju exec", Args: cobra.ExactArgs(1),
			Run: func(_ *cobra.Command, args []string) { *status = event(juju.Action, args[0]) }},
		&cobra.Command{Use: "flags", Short: "Show what holds, what waits for whom, and which proxy is in force", Args: cobra.NoArgs,
			Run: func(*cobra.Command, []string) { *status = look(ctx, in, showFlags) }},
		&cobra.Command{Use: "plan", Short: "Show what the next hook would change, without changing it", Args: cobra.NoArgs,
			Run: func(*cobra.Command, []string) { *status = look(ctx, in, showPlan) }},
	)
	return root
}

// look opens the model as update-status would, shows something and changes nothing.
func look(ctx context.Context, in Invocation, show func(context.Context, *run, io.Writer) error) int {
	r, err := open(ctx, in, juju.Event{Kind: juju.Hook, Name: "config-changed"})
	if err != nil {
		fmt.Fprintln(in.Stderr, err)
		fmt.Fprintln(in.Stderr, "Run it on the unit, for instance: juju exec --unit kubernetes-worker/0 -- ./kubernetes-worker flags")
		return 1
	}
	defer r.close()
	if err := show(ctx, r, in.Stdout); err != nil {
		fmt.Fprintln(in.Stderr, err)
		return 1
	}
	return 0
}

// dryRun makes one round that changes nothing.
func (r *run) dryRun(ctx context.Context) (reactive.Machine[worker.Facts, resource.Resource], reactive.Result[worker.Facts], []string, error) {
	var plan []string
	m := reactive.Machine[worker.Facts, resource.Resource]{
		Rules: worker.Rules(), Handlers: worker.Handlers(), Observe: r.observe,
		Realise: func(ctx context.Context, wants []resource.Resource) ([]string, []error) {
			changes, findings := resource.Realise(ctx, r.system, wants, nil, true)
			plan = changes
			return nil, findings
		},
	}
	result, err := m.Run(ctx)
	return m, result, plan, err
}

func showFlags(ctx context.Context, r *run, out io.Writer) error {
	m, result, _, err := r.dryRun(ctx)
	if err != nil {
		return err
	}
	flags := m.Flags(result.Facts)
	for _, rule := range m.Rules {
		mark, owes := "yes", ""
		if !flags[rule.Flag] {
			mark = "no "
			if rule.Owes != nil {
				owes = rule.Owes(result.Facts)
			}
		}
		fmt.Fprintf(out, "%s  %-22s %s\n", mark, rule.Flag, owes)
	}
	fmt.Fprintf(out, "\n%s", result.Trace)
	status := worker.StatusOf(result.Facts, result.Findings)
	fmt.Fprintf(out, "\nstatus  %s: %s\n", status.State, status.Message)
	_, origin, _ := result.Facts.Options.EffectiveProxy(result.Facts.ModelProxy)
	for _, option := range []options.Option{options.HTTPProxy, options.HTTPSProxy, options.NoProxy} {
		fmt.Fprintf(out, "%-12s %s\n", option, origin[option])
	}
	// The URLs can hold a password; this list cannot.
	if list := result.Facts.NoProxy(); list != "" {
		fmt.Fprintf(out, "reached without a proxy: %s\n", list)
	}
	return nil
}

func showPlan(ctx context.Context, r *run, out io.Writer) error {
	_, result, plan, err := r.dryRun(ctx)
	if err != nil {
		return err
	}
	for _, change := range plan {
		fmt.Fprintln(out, change)
	}
	for _, finding := range result.Findings {
		fmt.Fprintln(out, "problem:", finding)
	}
	if len(plan) == 0 {
		fmt.Fprintln(out, "nothing to change")
	}
	return nil
}
