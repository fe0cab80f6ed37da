package containerruntime_test

import (
	"path"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/containerruntime"
	"kubernetes-worker/internal/relation/relationtest"
)

func TestEncodeWritesTheImagePlain(t *testing.T) {
	want := relation.Bag{"sandbox_image": "rocks.canonical.com:443/cdk/pause:3.9"}
	if got := containerruntime.Encode("rocks.canonical.com:443/cdk/pause:3.9"); !reflect.DeepEqual(got, want) {
		t.Errorf("Encode() = %v, want %v", got, want)
	}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := containerruntime.Decode(c.Relations)
			c.Check(t, facts, problems)
		})
	}
}

var good = containerruntime.Facts{Joined: true, App: "containerd", Socket: "unix:///run/containerd/containerd.sock"}

// behind puts one value into a unit that comes before a good one.
func behind(key, value string) []relation.Relation {
	return []relation.Relation{
		{ID: "container-runtime:1", Endpoint: "container-runtime", App: "other", Units: []relation.Unit{{Name: "other/0", Data: relation.Bag{key: value}}}},
		{ID: "container-runtime:2", Endpoint: "container-runtime", App: "containerd", Units: []relation.Unit{
			{Name: "containerd/0", Data: relation.Bag{"socket": `"unix:///var/run/containerd/containerd.sock"`, "runtime": `"remote"`}}}},
	}
}

func TestJunkHidesNothingAndIsNotTold(t *testing.T) {
	for description, value := range relationtest.Junk() {
		for _, key := range []string{"socket", "runtime", "nvidia_enabled"} {
			facts, problems := containerruntime.Decode(behind(key, value))
			if facts != good {
				t.Errorf("%s in %s gives %+v", description, key, facts)
			}
			if strings.TrimSpace(value) != "" && len(problems) != 1 {
				t.Errorf("%s in %s gives the problems %v", description, key, problems)
			}
			for _, p := range problems {
				if p.Key != key || p.Unit != "other/0" || p.Endpoint != "container-runtime" || strings.Contains(p.Reason, "hunter2") {
					t.Errorf("%s in %s: %s", description, key, p)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`"unix:///run/containerd/containerd.sock"`, `"remote"`, "true")
	f.Add("unix:///var/run/docker.sock", "docker", "False")
	f.Add("unix:///var/run/../run/x", "null", "null")
	f.Add("unix:////x", `"docker"`, "1")
	f.Fuzz(func(t *testing.T, socket, kind, nvidia string) {
		rels := []relation.Relation{{ID: "container-runtime:1", Endpoint: "container-runtime", Units: []relation.Unit{
			{Name: "x/0", Data: relation.Bag{"socket": socket, "runtime": kind, "nvidia_enabled": nvidia}}}}}
		facts, problems := containerruntime.Decode(rels)
		for _, value := range []string{socket, kind, nvidia} {
			relationtest.NoLeak(t, problems, value)
		}
		if facts.Socket == "" {
			if facts.Docker || facts.Nvidia {
				t.Errorf("half of a unit is used: %+v", facts)
			}
			return
		}
		file, ok := strings.CutPrefix(facts.Socket, "unix://")
		if !ok || !path.IsAbs(file) || path.Clean(file) != file || file == "/" || len(file) > 107 || strings.HasPrefix(file, "/var/run/") ||
			strings.ContainsFunc(file, func(r rune) bool {
				return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`"'\$,;=`, r)
			}) {
			t.Errorf("socket %q is let through", facts.Socket)
		}
		if again, _ := containerruntime.Decode([]relation.Relation{{ID: "container-runtime:1", Units: []relation.Unit{
			{Name: "x/0", Data: relation.Bag{"socket": facts.Socket, "runtime": kind}}}}}); again.Socket != facts.Socket {
			t.Errorf("%q becomes %q when read again", facts.Socket, again.Socket)
		}
	})
}
