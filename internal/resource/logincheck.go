package resource

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/state"
)

// LoginCheck asks registries whether they know the logins that were written for them: once for each, and again, in hooks
// that do not come many in a row, for those where something was wrong. What they say is noted in the state file. It is
// never an error: a login that cannot be tried may be good.
type LoginCheck struct {
	Logins   []Login
	Related  string // the registry of a relation; empty: none
	Insecure bool   // that one is used whatever certificate it shows
	Way      string // stands for all that decides how that one is reached
	// The proxies of the container runtime.
	HTTPProxy, HTTPSProxy, NoProxy string
	ClientCert, ClientKey          string   // paths; shown to the related registry; empty: none
	CertDirs                       []string // where people put the authorities of registries, in a directory for each
	Needs                          []string // IDs of resources that write the logins
}

// CheckLogin asks one registry, see probe.Login.
type CheckLogin func(ctx context.Context, login registry.Login, way probe.Way) error

// loginTime is how long all registries together may take.
const loginTime = 5 * time.Second

// ID is logins-checked.
func (LoginCheck) ID() string { return "logins-checked" }

// Stage is ObjectStage: what a registry is reached by is in place.
func (LoginCheck) Stage() Stage { return ObjectStage }

// Requires names the resources that must be in place.
func (c LoginCheck) Requires() []string { return c.Needs }

// Equal compares what is asked and how.
func (c LoginCheck) Equal(other any) bool {
	o, ok := other.(LoginCheck)
	return ok && slices.Equal(o.Logins, c.Logins) && o.Related == c.Related && o.Insecure == c.Insecure && o.Way == c.Way &&
		o.HTTPProxy == c.HTTPProxy && o.HTTPSProxy == c.HTTPSProxy && o.NoProxy == c.NoProxy
}

// Plan looks for logins that have not been found good, each once in an invocation.
func (c LoginCheck) Plan(_ context.Context, sys *System) (*Change, error) {
	var due []Login
	var names []string
	for _, login := range c.Logins {
		known := sys.State.Logins[login.Server]
		again := !sys.Patient || known.Way != c.wayOf(login)
		if known.Trouble == "" || sys.tried[c.ID()+" "+login.Server] || known.Trouble != state.LoginDue && !again {
			continue
		}
		due, names = append(due, login), append(names, login.Server)
	}
	if len(due) == 0 {
		return nil, nil
	}
	return &Change{Cause: "asking " + strings.Join(names, ", "), Apply: func(ctx context.Context) error {
		answers := make([]state.Login, len(due))
		var all sync.WaitGroup
		for i, login := range due {
			way, err := c.way(sys.Host, login)
			if err != nil {
				return err
			}
			all.Go(func() { answers[i] = c.verdict(login, sys.CheckLogin(ctx, login.Login, way)) })
		}
		all.Wait()
		for i, login := range due {
			sys.tried[c.ID()+" "+login.Server] = true
			sys.State.Logins[login.Server] = answers[i]
		}
		return nil
	}}, nil
}

// wayOf tells whether a registry that gave trouble would now be asked in another way.
func (c LoginCheck) wayOf(login Login) string {
	if login.Server == c.Related {
		return c.Way
	}
	return ""
}

func (c LoginCheck) verdict(login Login, err error) state.Login {
	answer := state.Login{From: login.From, Way: c.wayOf(login)}
	switch {
	case err == nil:
		answer.Way = ""
	case errors.Is(err, probe.ErrRefused):
		answer.Trouble, answer.Reason = state.LoginRefused, err.Error()
	case errors.Is(err, probe.ErrPlain):
		answer.Trouble, answer.Reason = state.LoginPlain, err.Error()
	default:
		answer.Trouble, answer.Reason = state.LoginUntried, err.Error()
	}
	return answer
}

// way gathers what the machine trusts: its own bundle, and what lies in the directories of the registry.
func (c LoginCheck) way(h Host, login Login) (probe.Way, error) {
	related := login.Server == c.Related
	way := probe.Way{
		Insecure:  related && c.Insecure,
		HTTPProxy: c.HTTPProxy, HTTPSProxy: c.HTTPSProxy, NoProxy: c.NoProxy, Timeout: loginTime,
	}
	var err error
	if way.Roots, err = readIfThere(h, caBundle); err != nil {
		return way, err
	}
	for _, base := range c.CertDirs {
		dir := path.Join(base, registry.Host(login.Server))
		entries, err := h.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return way, err
		}
		for _, e := range entries {
			if path.Ext(e.Name()) != ".crt" {
				continue
			}
			content, err := readIfThere(h, path.Join(dir, e.Name()))
			if err != nil {
				return way, err
			}
			way.Roots = append(append(way.Roots, '\n'), content...)
		}
	}
	if related && c.ClientCert != "" {
		if way.ClientCert, err = readIfThere(h, c.ClientCert); err != nil {
			return way, err
		}
		way.ClientKey, err = readIfThere(h, c.ClientKey)
	}
	return way, err
}

func readIfThere(h Host, path string) ([]byte, error) {
	content, err := h.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}
