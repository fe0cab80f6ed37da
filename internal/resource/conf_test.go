package resource

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"testing"

	"kubernetes-worker/internal/snapd"
)

var errNotExist = fs.ErrNotExist

// snaps is a snap daemon in memory. What it does not play is not to be called.
type snaps struct {
	Snaps
	conf map[string]map[string]any
	sent []map[string]any
	fail error
}

func (s *snaps) Snap(context.Context, string) (snapd.Snap, error) {
	return snapd.Snap{}, errors.New("not asked for here")
}
func (s *snaps) Install(context.Context, string, snapd.Options, snapd.Progress) error { return nil }
func (s *snaps) InstallFile(context.Context, string, snapd.FileOptions, snapd.Progress) error {
	return nil
}
func (s *snaps) Refresh(context.Context, string, snapd.Options, snapd.Progress) error { return nil }
func (s *snaps) Released(context.Context, string, string) (snapd.StoreChannel, error) {
	return snapd.StoreChannel{}, errors.New("not asked for here")
}
func (s *snaps) Conf(_ context.Context, name string, _ ...string) (map[string]any, error) {
	return s.conf[name], nil
}
func (s *snaps) SetConf(_ context.Context, name string, conf map[string]any) error {
	s.sent = append(s.sent, conf)
	if s.fail != nil {
		return s.fail
	}
	if s.conf[name] == nil {
		s.conf[name] = map[string]any{}
	}
	for k, v := range conf {
		if v == nil {
			delete(s.conf[name], k)
		} else {
			s.conf[name][k] = v
		}
	}
	return nil
}

func TestARemovedKeyIsSentOnceAndOthersKeysStay(t *testing.T) {
	sys, _, _ := newSystem(t)
	daemon := &snaps{conf: map[string]map[string]any{"kubelet": {"theirs": "x"}}}
	sys.Snaps = daemon
	realise(t, sys, SnapConf{Snap: "kubelet", Values: map[string]string{"a": "1", "b": "true"}})
	daemon.conf["kubelet"]["b"] = true // snapd keeps what looks like JSON as such
	if changes := realise(t, sys, SnapConf{Snap: "kubelet", Values: map[string]string{"a": "1", "b": "true"}}); len(changes) != 0 {
		t.Errorf("a second time: %q", changes)
	}
	for range 2 {
		realise(t, sys, SnapConf{Snap: "kubelet", Values: map[string]string{"a": "2"}})
	}
	want := []map[string]any{{"a": "1", "b": "true"}, {"a": "2", "b": nil}}
	if !reflect.DeepEqual(daemon.sent, want) {
		t.Errorf("sent %v, want %v", daemon.sent, want)
	}
	if got := daemon.conf["kubelet"]; !reflect.DeepEqual(got, map[string]any{"theirs": "x", "a": "2"}) {
		t.Errorf("configuration %v", got)
	}
}

func TestAKeySetBeforeAKillIsStillOurs(t *testing.T) {
	sys, _, _ := newSystem(t)
	daemon := &snaps{conf: map[string]map[string]any{}, fail: errors.New("killed")}
	sys.Snaps = daemon
	_, findings := Realise(context.Background(), sys, []Resource{SnapConf{Snap: "kubelet", Values: map[string]string{"a": "1"}}}, nil, false)
	if len(findings) != 1 {
		t.Fatalf("findings %v", findings)
	}
	daemon.fail = nil
	daemon.conf["kubelet"] = map[string]any{"a": "1"} // it had arrived
	realise(t, sys, SnapConf{Snap: "kubelet", Values: map[string]string{}})
	if len(daemon.conf["kubelet"]) != 0 {
		t.Errorf("the key stays for ever: %v", daemon.conf)
	}
}

func TestLabelsDifferencesTouchOnlyWhatDiffers(t *testing.T) {
	l := NodeLabels{Have: map[string]string{"a": "1", "b": "2", "theirs": "x", "old": "1"},
		Set: map[string]string{"a": "1", "b": "3", "c": ""}, Remove: []string{"old", "gone"}}
	set, remove := l.differences()
	if !reflect.DeepEqual(set, map[string]string{"b": "3", "c": ""}) || !reflect.DeepEqual(remove, []string{"old"}) {
		t.Errorf("set %v, remove %v", set, remove)
	}
}
