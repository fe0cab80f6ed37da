package resource

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
)

// Keys of snapd's own configuration.
const (
	RefreshTimer = "refresh.timer"
	ProxyHTTP    = "proxy.http"
	ProxyHTTPS   = "proxy.https"
	ProxyStore   = "proxy.store"
)

// SnapdSetting is part of snapd's own configuration. A key with an empty value is not wanted: one that the charm has set
// is taken back, one of somebody else's is left alone, and so is one that somebody else has changed since.
type SnapdSetting struct {
	// Option is that of the charm, which a refusal names.
	Option string
	Values map[string]string
	// Yield leaves values that somebody else has set.
	Yield bool
	// Restore puts back what was there before, instead of snapd's default.
	Restore bool
	// Derived values are kept in the state file: they are not to be derived anew another day.
	Derived bool
}

// ID is snapd:OPTION.
func (s SnapdSetting) ID() string { return "snapd:" + s.Option }

// Stage is SnapStage: these settings say how snaps are fetched.
func (s SnapdSetting) Stage() Stage { return SnapStage }

// Equal compares the values and how they are treated.
func (s SnapdSetting) Equal(other any) bool {
	o, ok := other.(SnapdSetting)
	return ok && o.Option == s.Option && maps.Equal(o.Values, s.Values) && o.Yield == s.Yield && o.Restore == s.Restore && o.Derived == s.Derived
}

// Plan compares the keys that are wanted or ours with what snapd has.
func (s SnapdSetting) Plan(ctx context.Context, sys *System) (*Change, error) {
	print := fingerprintOf(s.Values)
	if refused := sys.State.Snapd.Refused[s.Option]; refused.Wanted == print {
		return nil, condition.NewBlocked(refused.Reason)
	}
	have, err := sys.snapdConf(ctx, s.relevant(sys))
	if err != nil {
		return nil, snapdCondition(err)
	}
	update := map[string]any{}
	after := maps.Clone(sys.State.Snapd.Keys) // what is noted when all is done
	for key, want := range s.Values {
		noted, ours := after[key]
		switch {
		case want != "" && have[key] == want:
			after[key] = state.Setting{Prints: []string{printOf(want)}, Before: noted.Before}
		case want != "" && have[key] != "" && !ours && s.Yield:
		case want != "":
			before := noted.Before
			if !ours && s.Restore && !strings.Contains(have[key], "@") {
				before = have[key]
			}
			update[key], after[key] = want, state.Setting{Prints: []string{printOf(want)}, Before: before}
		case ours:
			delete(after, key)
			if slices.Contains(noted.Prints, printOf(have[key])) {
				update[key] = nil
				if noted.Before != "" {
					update[key] = noted.Before
				}
			}
		}
	}
	timer := sys.State.Snapd.Timer
	if s.Derived {
		timer = s.Values[RefreshTimer]
	}
	_, wasRefused := sys.State.Snapd.Refused[s.Option]
	record := func() error {
		sys.State.Snapd.Keys, sys.State.Snapd.Timer = after, timer
		delete(sys.State.Snapd.Refused, s.Option)
		return sys.State.Save()
	}
	if len(update) == 0 {
		if sameSettings(after, sys.State.Snapd.Keys) && timer == sys.State.Snapd.Timer && !wasRefused {
			return nil, nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error { return record() }}, nil
	}
	return &Change{Cause: describeKeys(update), Apply: func(ctx context.Context) error {
		if err := s.set(ctx, sys, update, after, timer); err != nil {
			return err
		}
		return record()
	}}, nil
}

// set sends what differs. Whose the keys are is noted before: a kill in between must not forget it.
func (s SnapdSetting) set(ctx context.Context, sys *System, update map[string]any, after map[string]state.Setting, timer string) error {
	before, timerBefore := sys.State.Snapd.Keys, sys.State.Snapd.Timer
	sys.State.Snapd.Keys, sys.State.Snapd.Timer = claim(before, after), timer
	if err := sys.State.Save(); err != nil {
		return err
	}
	if to, is := update[RefreshTimer].(string); is {
		sys.Log(ctx, "setting snapd_refresh timer to: "+to)
	}
	err := sys.Snaps.SetConf(ctx, "system", update)
	if snapd.Classify(err) != snapd.HookFailed {
		return snapdCondition(err)
	}
	sys.State.Snapd.Keys, sys.State.Snapd.Timer = before, timerBefore // it has set nothing
	refusal := condition.NewBlocked(fmt.Sprintf("%s: snapd refuses it: %s; what was set before stays", s.Option, s.refusal(err)))
	sys.State.Snapd.Refused[s.Option] = state.Failure{Wanted: fingerprintOf(s.Values), Reason: refusal.Error()}
	return errors.Join(refusal, sys.State.Save())
}

// refusal is why snapd does not take the values, without a value that may hold a password.
func (s SnapdSetting) refusal(err error) string {
	for _, value := range s.Values {
		if strings.Contains(value, "@") {
			return "the value is not shown, for it may hold a password"
		}
	}
	var e *snapd.Error
	if errors.As(err, &e) {
		return e.HookOutput
	}
	return err.Error()
}

// relevant are the keys to look at.
func (s SnapdSetting) relevant(sys *System) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(s.Values)) {
		if _, ours := sys.State.Snapd.Keys[key]; ours || s.Values[key] != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// claim joins what was ours with what will be.
func claim(before, after map[string]state.Setting) map[string]state.Setting {
	all := maps.Clone(before)
	for key, next := range after {
		was := all[key]
		all[key] = state.Setting{Prints: union(was.Prints, next.Prints), Before: next.Before}
	}
	return all
}

func sameSettings(a, b map[string]state.Setting) bool {
	return maps.EqualFunc(a, b, func(x, y state.Setting) bool { return x.Before == y.Before && slices.Equal(x.Prints, y.Prints) })
}

func printOf(value string) string { return state.Fingerprint([]byte(value)) }

// describeKeys says which keys change, and never to what: a proxy's address may hold a password.
func describeKeys(update map[string]any) string {
	var causes []string
	for _, key := range slices.Sorted(maps.Keys(update)) {
		if update[key] == nil {
			causes = append(causes, key+" unset")
		} else {
			causes = append(causes, key+" changed")
		}
	}
	return sentence(causes)
}

// snapdConf reads keys of snapd's own configuration; those that are not set are absent.
func (s *System) snapdConf(ctx context.Context, keys []string) (map[string]string, error) {
	if s.seen.SnapdConf != nil && !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(s.seen.SnapdKeys, k) }) {
		return s.seen.SnapdConf, nil
	}
	if len(keys) == 0 {
		return nil, nil
	}
	conf, err := s.Snaps.Conf(ctx, "system", keys...)
	return Texts(conf), err
}

// Texts gives the values of a configuration as texts.
func Texts(conf map[string]any) map[string]string {
	texts := map[string]string{}
	for key, value := range conf {
		texts[key] = fmt.Sprint(value)
	}
	return texts
}
