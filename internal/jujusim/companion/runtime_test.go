package companion

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARuntimeSaysWhereItsSocketIs(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		options    map[string]string
		want       map[string]string
	}{
		{"containerd", "containerd", nil, map[string]string{
			"socket": `"unix:///var/run/containerd/containerd.sock"`, "runtime": `"remote"`, "nvidia_enabled": "false"}},
		{"docker", "docker", nil, map[string]string{
			"socket": `"unix:///var/run/docker.sock"`, "runtime": `"docker"`, "nvidia_enabled": "false"}},
		{"half of it", "containerd", map[string]string{"say": "socket"}, map[string]string{"socket": `"unix:///var/run/containerd/containerd.sock"`}},
		{"nothing", "containerd", map[string]string{"say": "nothing"}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world(t, test.kind, test.kind, 1, test.options, Peer{Name: "worker/0"})
			wantBag(t, reconcile(t, test.kind, w).Bags[3]["it/0"], test.want)
		})
	}
}

func TestARuntimeKeepsItsConfigurationAndTakesItAwayWithItself(t *testing.T) {
	w := world(t, "containerd", "containerd", 1, nil, Peer{Name: "worker/0", Data: map[string]string{"sandbox_image": "r/pause:3.9"}})
	w.Units[0].Root = t.TempDir()
	socket, config := filepath.Join(w.Units[0].Root, "run/containerd/containerd.sock"), filepath.Join(w.Units[0].Root, "etc/containerd/config.toml")
	reconcile(t, "containerd", w)
	if info, err := os.Lstat(socket); err != nil || info.Mode()&fs.ModeSocket == 0 {
		t.Errorf("no socket: %v %v", info, err)
	}
	if err := os.WriteFile(config, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	reconcile(t, "containerd", w)
	if text, err := os.ReadFile(config); err != nil || !strings.Contains(string(text), `sandbox_image = "r/pause:3.9"`) {
		t.Errorf("configuration %q: %v", text, err)
	}
	w.Units[0].Dying = true
	reconcile(t, "containerd", w)
	for _, path := range []string{socket, config} {
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s outlived the unit", path)
		}
	}
}
