package resource

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
)

// control is a control plane of some releases.
type control struct {
	releases []string
	held     kube.Held
	err      error
}

func (c control) Versions(context.Context) ([]kube.ServerVersion, error) {
	var all []kube.ServerVersion
	for _, r := range c.releases {
		v, err := kubeversion.Parse(r)
		if err != nil {
			return nil, err
		}
		all = append(all, kube.ServerVersion{Server: "https://" + r, Version: v})
	}
	return all, c.err
}

func (c control) Acquire(context.Context, kube.Lease) (kube.Held, error) { return c.held, c.err }
func (c control) Release(context.Context, kube.Lease) error              { return c.err }

func TestWhatAPIServersTake(t *testing.T) {
	for _, c := range []struct {
		name            string
		have, wanted    string // versions of kubelet
		servers         []string
		file            bool
		blocked, logged string
	}{
		{"the next release", "1.28.1", "1.29.0", []string{"1.29.4", "1.30.1"}, false, "", ""},
		{"newer than one of the servers", "1.28.1", "1.29.1", []string{"1.30.1", "1.28.9"}, false,
			"kubelet 1.29.1 is newer than the API server https://1.28.9, which is 1.28.9; upgrade the control plane first, or set channel to 1.28 or earlier", ""},
		{"an attached one", "1.28.1", "1.29.1", []string{"1.28.9"}, true,
			"kubelet 1.29.1 is newer than the API server https://1.28.9, which is 1.28.9; upgrade the control plane first, or attach a snap of 1.28 or earlier", ""},
		{"a patch release of the server's own", "1.27.1", "1.28.9", []string{"1.28.1"}, false, "", ""},
		{"a patch release of what is there asks no server", "1.28.1", "1.28.9", nil, false, "", ""},
		{"back further than the newest server allows", "1.29.1", "1.26.3", []string{"1.29.1", "1.30.2"}, false,
			"kubelet 1.26.3 is too old for the API server https://1.30.2, which is 1.30.2; set channel to 1.27 or later", ""},
		{"less far behind than before", "1.20.1", "1.24.3", []string{"1.30.2"}, false, "", "than 1.20.1 was"},
		{"one that does not say", "1.28.1", "git", []string{"1.28.9"}, true, "", "does not say which release it is of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var logged []string
			sys := &System{Control: control{releases: c.servers}, State: &state.File{}, Log: func(_ context.Context, line string) { logged = append(logged, line) }}
			sys.Prepare()
			sys.See(Seen{Snaps: map[string]snapd.Snap{"kubelet": {Name: "kubelet", Version: c.have, Revision: "1", Channel: "old/stable"}}, SnapNames: []string{"kubelet"}})
			snap := Snap{Name: "kubelet", Channel: "latest/stable"}
			sys.released["kubelet latest/stable"] = snapd.StoreChannel{Revision: "2", Version: c.wanted}
			if c.file {
				snap.File, snap.Print = "kubelet.snap", "print"
				snap.Version, _ = kubeversion.Parse(c.wanted)
			}
			change, err := VersionsFit{Snaps: []Snap{snap}}.Plan(t.Context(), sys)
			if change != nil {
				t.Errorf("it would change something: %+v", change)
			}
			if text := ""; err != nil {
				if text = err.Error(); text != c.blocked || condition.Of(err) != condition.Blocked {
					t.Errorf("%v, want %s", err, c.blocked)
				}
			} else if c.blocked != "" {
				t.Errorf("it is let through, want %s", c.blocked)
			}
			if all := strings.Join(logged, "\n"); c.logged == "" && all != "" || !strings.Contains(all, c.logged) {
				t.Errorf("logged %q, want %q", all, c.logged)
			}
		})
	}
}

func TestAServerThatDoesNotSayItsReleaseIsWaitedFor(t *testing.T) {
	sys := &System{Control: control{err: errors.New("away")}, State: &state.File{}}
	sys.Prepare()
	sys.See(Seen{Snaps: map[string]snapd.Snap{"kubelet": {Name: "kubelet", Version: "1.28.1", Channel: "1.28/stable"}}, SnapNames: []string{"kubelet"}})
	want := VersionsFit{Snaps: []Snap{{Name: "kubelet", Channel: "1.29/stable"}}}
	if _, err := want.Plan(t.Context(), sys); condition.Of(err) != condition.Waiting || !strings.Contains(err.Error(), "away") {
		t.Errorf("error %v", err)
	}
	sys.Control = nil
	if _, err := want.Plan(t.Context(), sys); condition.Of(err) != condition.Waiting {
		t.Errorf("without any server known: %v", err)
	}
}
