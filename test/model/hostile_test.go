package model

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/juju/charm/v12"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/relation"
)

// hostileValues are what an option must not be able to do: begin a line, a section or another argument of its own in a file,
// leave a directory, run in a shell, be expanded by systemd, or fill the machine.
var hostileValues = map[string]string{
	"a section of a unit":       "x\n[Service]\nExecStart=/bin/" + canary,
	"a line of an environment":  "x\r\nLD_PRELOAD=/" + canary + "\n",
	"the end of a quoted text":  `x" "EVIL=` + canary + `" --evil="`,
	"a shell's command":         "$(touch /" + canary + ") `" + canary + "` ; rm -rf / | x & y",
	"a specifier of systemd":    "%n%h%i" + canary,
	"a way upwards":             "../../../../../../../../" + canary + "/x",
	"a block of Nagios":         "x}\ndefine command { command_line " + canary + " }",
	"a section of TOML or YAML": "x\"\n[plugins.evil]\nevil: {" + canary + ": true}\n",
	"an option":                 "--" + canary + "=/etc/shadow",
	"no UTF-8":                  canary + "\xff\xfe\x80",
	"a NUL byte":                canary + "\x00x",
	"emptiness":                 "",
	"a MiB":                     canary + strings.Repeat("a", 1<<20),
	"thousands of items":        strings.Repeat(canary+"=x ", 1<<11),
	"nested too deep":           strings.Repeat("[", 20000) + canary,
	"a number":                  "12345",
	"a JSON object":             `{"` + canary + `": [{"` + canary + `": null}]}`,
}

// injected are traces that such a value leaves in a file only when it was not escaped there: begunLines in any file, the
// others where somebody would expand them.
var (
	begunLines = regexp.MustCompile(`(?m)^(ExecStart=/bin/` + canary + `|LD_PRELOAD=/` + canary + `|define command|\[plugins\.evil\])|(^|[^\\])" "EVIL=`)
	specifier  = regexp.MustCompile(`(^|[^%])%n%h%i`)                           // systemd does, in its units
	substitute = regexp.MustCompile("(^|[^\\\\])(\\$\\(touch|`" + canary + ")") // shells do, in all else
)

func injectedIn(name string, content []byte) []byte {
	if !bytes.Contains(content, []byte(canary)) {
		return nil // every value with a meaning of its own has it
	}
	if found := begunLines.Find(content); found != nil {
		return found
	}
	switch {
	case strings.HasPrefix(name, "/etc/systemd/"):
		return specifier.Find(content)
	case name == cloudConf: // whose reader expands nothing
		return nil
	}
	return substitute.Find(content)
}

// wantNothingInjected looks at all files that the charm can have written.
func (w *World) wantNothingInjected(what string) {
	w.T.Helper()
	w.must(filepath.WalkDir(w.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, w.Root)
		if foreign(name) && name != "/var/lib/juju" || strings.HasPrefix(name, "/var/lib/juju") {
			if entry.IsDir() && name != "/var/lib/juju" {
				return fs.SkipDir
			}
			return nil
		}
		if strings.Contains(entry.Name(), canary) {
			w.T.Errorf("%s: made %s", what, name)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if found := injectedIn(name, content); found != nil {
			w.T.Errorf("%s: %s holds %q", what, name, found)
		}
		if len(content) > 4<<20 {
			w.T.Errorf("%s: %s has %d bytes", what, name, len(content))
		}
		return nil
	}))
}

// wantAllWell fails the test if a hook since has failed.
func (w *World) wantAllWell(what string, since int) {
	w.T.Helper()
	for _, r := range w.hooks(since) {
		if r.Outcome != jujusim.Succeeded {
			w.dump()
			w.T.Fatalf("%s: %s ended as %s", what, r.Name(), r.Outcome)
		}
	}
}

func TestNoOptionCanBreakAHookOrOutOfAFile(t *testing.T) {
	t.Parallel()
	config, err := os.Open(filepath.Join(repository(), "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer config.Close()
	known, err := charm.ReadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, channel := range []string{Channel, DockerChannel} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": channel, "http_proxy": "http://proxy.test:3128"}}, join())
			addAgent().Run(w)
			before := map[string]string{}
			for name, option := range known.Options {
				if option.Type == "string" {
					before[name] = option.Default.(string)
				}
			}
			before["channel"], before["http_proxy"] = channel, "http://proxy.test:3128"
			for description, value := range hostileValues {
				// Each option is judged on its own, and what one refuses the others may take.
				all := map[string]string{}
				for name := range before {
					all[name] = value
				}
				since := len(w.hooks(0))
				w.must(w.Juju.SetConfig("kubernetes-worker", all))
				w.Settle()
				w.wantAllWell(description, since)
				w.wantNothingInjected(description)
			}
			w.Config(before)
			w.WantStatus("active", running)
			for _, status := range w.Shown() {
				if len(status) > 1000 {
					t.Errorf("a status of %d bytes: %.200s…", len(status), status)
				}
			}
		})
	}
}

// hostilePeer gives an endpoint a peer that says what the test wants, and its unit and relation.
func (w *World) hostilePeer(meta *charm.Meta, endpoint string) (relation int, unit string) {
	w.T.Helper()
	if slices.Contains([]string{"kube-control", "kube-api-endpoint", "certificates", "cni"}, endpoint) {
		return w.relation(endpoint), remoteUnit(endpoint)
	}
	ours := meta.CombinedRelations()[endpoint]
	kind, role, app := "stand-in", "provider", "peer-"+endpoint
	if ours.Role == charm.RoleProvider {
		role = "requirer"
	}
	if ours.Scope == charm.ScopeContainer {
		kind = "stand-in-subordinate"
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:" + kind, App: app, Config: map[string]string{"endpoints": "it:" + ours.Interface + ":" + role}}))
	relation, err := w.Juju.Integrate("kubernetes-worker:"+endpoint, app+":it")
	w.must(err)
	return relation, app + "/0"
}

// mostKeys is how many keys the endpoint with the most has, of those whose other values can be good.
func mostKeys(group []string) int {
	most := 0
	for _, endpoint := range group {
		if usableBags[endpoint] != nil {
			most = max(most, len(remoteKeys[endpoint]))
		}
	}
	return most
}

func TestNoPeerCanBreakAHookOrOutOfAFile(t *testing.T) {
	t.Parallel()
	meta := metadata(t)
	tried := map[string]bool{}
	for name, group := range map[string][]string{
		"cluster":    {"kube-control", "kube-api-endpoint", "certificates", "cni"},
		"neighbours": {"docker-registry", "nfs", "nrpe-external-master", "sdn-plugin", "tokens", "dockerhost", "ingress-proxy", "kube-dns"},
		"runtime":    {"container-runtime"},
		"clouds":     {"aws", "azure", "gcp", "openstack", "vsphere"},
	} {
		for _, endpoint := range group {
			tried[endpoint] = len(remoteKeys[endpoint]) > 0
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, join())
			ids, units := map[string]int{}, map[string]string{}
			for _, endpoint := range group {
				ids[endpoint], units[endpoint] = w.hostilePeer(meta, endpoint)
			}
			w.Settle()
			for description, value := range hostileValues {
				since := len(w.hooks(0))
				for _, endpoint := range group {
					w.must(w.Juju.ClearBag(ids[endpoint], units[endpoint]))
					bag := map[string]string{}
					for i, key := range remoteKeys[endpoint] {
						// The simulated Juju writes all bags down before each hook; each decoder has met a MiB in each key in its own tests.
						if i == 0 || len(value) < 1<<17 {
							bag[key] = value
						}
					}
					w.must(w.Juju.SetBag(ids[endpoint], units[endpoint], bag))
				}
				w.Settle()
				w.wantAllWell(description, since)
				w.wantNothingInjected(description)
			}
			// One bad value among good ones gets further than many.
			descriptions := slices.Sorted(maps.Keys(hostileValues))
			for i := range mostKeys(group) {
				since := len(w.hooks(0))
				for n, endpoint := range group {
					keys := remoteKeys[endpoint]
					w.must(w.Juju.ClearBag(ids[endpoint], units[endpoint]))
					bag := map[string]string{}
					maps.Copy(bag, usableBags[endpoint])
					value := hostileValues[descriptions[(5*i+n)%len(descriptions)]]
					if text, err := relation.EncodeJSON(value); err == nil && i%2 == 1 && len(value) < 1<<17 && strings.HasPrefix(bag[keys[i%len(keys)]], `"`) {
						value = text // a text as its protocol writes one
					}
					bag[keys[i%len(keys)]] = value
					w.must(w.Juju.SetBag(ids[endpoint], units[endpoint], bag))
				}
				w.Settle()
				w.wantAllWell(fmt.Sprint("key ", i), since)
				w.wantNothingInjected(fmt.Sprint("key ", i))
			}
			for place, text := range map[string]string{"a status": strings.Join(w.Shown(), "\n"), "the log": w.Log(), "a program's arguments": strings.Join(w.Programs(), "\n")} {
				if at := strings.Index(text, canary); at >= 0 {
					t.Errorf("%s tells a value: %.300s", place, text[max(0, at-200):])
				}
			}
			for _, endpoint := range group {
				w.must(w.Juju.ClearBag(ids[endpoint], units[endpoint]))
			}
			w.Settle()
			if name == "cluster" {
				w.WantStatus("active", running)
			}
		})
	}
	for name, declared := range meta.CombinedRelations() {
		if declared.Role != charm.RolePeer && !tried[name] {
			t.Errorf("endpoint %s is not tried", name)
		}
	}
}
