package kicker_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kicker"
)

// machine is what the script sees: programs that are told by files what to say, and note what they were asked to do.
type machine struct {
	t   *testing.T
	dir string
}

// programs stand in for the machine's. sleep counts the looks; the state of a service is what the file of its name and the
// number of the look says, else the one before.
var programs = map[string]string{
	"sleep": `n=$(cat "$DIR/looks"); echo $((n + 1)) >"$DIR/looks"; [ "$1" = 10 ] || echo "slept $1" >>"$DIR/calls"
for f in "$DIR"/*@$((n + 1)); do [ -e "$f" ] && cp "$f" "${f%@*}"; done; true`,
	"systemctl": `case "$1" in
is-active) cat "$DIR/$2"; [ "$(cat "$DIR/$2")" = active ] ;;
is-enabled) ! [ -e "$DIR/$3.disabled" ] ;;
restart) echo "restart $3" >>"$DIR/calls"; echo active >"$DIR/$3" ;;
*) echo "$*" >>"$DIR/calls" ;;
esac`,
	"apparmor_parser": `echo "apparmor_parser $1 ${2##*/}" >>"$DIR/calls"; ! grep -q bad "$2"`,
}

// boot runs the script for that many looks.
func boot(t *testing.T, looks int, files map[string]string) machine {
	t.Helper()
	m := machine{t, t.TempDir()}
	for name, text := range programs {
		m.write("bin/"+name, "#!/bin/sh\n"+text+"\n", 0o755)
	}
	for name, text := range map[string]string{
		"looks": "0", "calls": "", "environ": "container=bed\x00TERM=dumb", "snap.kubelet.daemon": "active", "snap.kube-proxy.daemon": "active",
	} {
		m.write(name, text, 0o644)
	}
	for name, text := range files {
		m.write(name, text, 0o644)
	}
	script := strings.NewReplacer("/proc/1/environ", m.dir+"/environ", "/var/lib/snapd/apparmor/profiles", m.dir+"/profiles",
		"$looks -lt 60", fmt.Sprint("$looks -lt ", looks)).Replace(kicker.Script)
	m.write("script", script, 0o755)
	command := exec.Command("/bin/sh", filepath.Join(m.dir, "script"))
	command.Env = []string{"DIR=" + m.dir, "PATH=" + m.dir + "/bin:/usr/bin:/bin"}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return m
}

func (m machine) write(name, text string, mode os.FileMode) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) read(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestTheKickerStartsWhatABootLeftDown(t *testing.T) {
	const kubelet, proxy = "snap.kubelet.daemon", "snap.kube-proxy.daemon"
	started := func(services ...string) []string {
		var calls []string
		for _, s := range services {
			calls = append(calls, "reset-failed "+s, "restart "+s)
		}
		return calls
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		calls []string
	}{
		{"all is well", nil, nil},
		{"one is down", map[string]string{kubelet: "inactive"}, started(kubelet)},
		{"one has failed", map[string]string{proxy: "failed"}, started(proxy)},
		{"both are down", map[string]string{kubelet: "failed", proxy: "inactive"}, started(kubelet, proxy)},
		{"one goes down before the last but one look", map[string]string{kubelet + "@4": "inactive"}, started(kubelet)},
		{"one goes down again", map[string]string{kubelet: "failed", kubelet + "@4": "failed"}, started(kubelet, kubelet)},
		{"one goes down later", map[string]string{kubelet + "@5": "inactive"}, nil},
		{"systemd is starting it", map[string]string{kubelet: "activating"}, nil},
		{"snapd stops one for a moment", map[string]string{kubelet + "@2": "inactive", kubelet + "@3": "active"}, nil},
		{"one is not to start at boot, as after the unit's removal", map[string]string{kubelet: "inactive", kubelet + ".disabled": "", proxy: "inactive"}, started(proxy)},
		{"an LXD container has its profiles loaded", map[string]string{"environ": "container=lxc\x00x=y", "profiles/snap.kubelet": "", "profiles/snap.bad": "bad", "profiles/snap.z": ""},
			[]string{"apparmor_parser --replace snap.bad", "apparmor_parser --replace snap.kubelet", "apparmor_parser --replace snap.z"}},
		{"an LXD container without profiles", map[string]string{"environ": "container=lxc"}, nil},
		{"no other machine loads profiles", map[string]string{"environ": "TERM=linux\x00container=lxc", "profiles/snap.kubelet": ""}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := boot(t, 6, c.files)
			var calls []string
			if text := m.read("calls"); text != "" {
				calls = strings.Split(text, "\n")
			}
			if !slices.Equal(calls, c.calls) {
				t.Errorf("it called %q, want %q", calls, c.calls)
			}
		})
	}
}

func TestTheKickerLooksForTenMinutes(t *testing.T) {
	m := boot(t, 60, nil)
	if looks := m.read("looks"); looks != "60" || m.read("calls") != "" {
		t.Errorf("it slept %s times ten seconds, and called %q; want 60 times and nothing", looks, m.read("calls"))
	}
}

func TestTheKickersUnitStartsItAtBoot(t *testing.T) {
	want, err := os.ReadFile("testdata/" + kicker.Unit)
	if err != nil {
		t.Fatal(err)
	}
	if kicker.UnitContent != string(want) {
		t.Errorf("the unit is\n%s\nwant\n%s", kicker.UnitContent, want)
	}
}
