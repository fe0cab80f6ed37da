// Package relationtest reads recorded bags from testdata and compares what was decoded from them with golden files. Only
// tests use it; it knows no protocol.
package relationtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/relation"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Case is one recorded state of the relations of an endpoint.
type Case struct {
	Name      string
	Relations []relation.Relation
	Own       relation.Bag
	Input     map[string]string // what else the decoder is given
	golden    string
}

// Cases reads testdata/*.yaml of the package under test.
func Cases(t *testing.T) []Case {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	var cases []Case
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Endpoint  string
			Input     map[string]string
			Own       relation.Bag
			Relations []struct {
				ID    string
				App   string
				Units []struct {
					Name string
					Data relation.Bag
				}
			}
		}
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(&file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		base := strings.TrimSuffix(path, ".yaml")
		c := Case{Name: filepath.Base(base), Own: file.Own, Input: file.Input, golden: base + ".golden"}
		for _, rel := range file.Relations {
			r := relation.Relation{ID: rel.ID, Endpoint: file.Endpoint, App: rel.App, Own: file.Own}
			for _, unit := range rel.Units {
				r.Units = append(r.Units, relation.Unit{Name: unit.Name, Data: unit.Data})
			}
			c.Relations = append(c.Relations, r)
		}
		cases = append(cases, c)
	}
	return cases
}

// Check compares facts and problems with the case's golden file, or writes that with -update.
func (c Case) Check(t *testing.T, facts any, problems []relation.Problem) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(facts); err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		b.WriteString(p.Error() + "\n")
	}
	if *update {
		if err := os.WriteFile(c.golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(c.golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("decoded\n%s\nwant (%s)\n%s", b.Bytes(), c.golden, want)
	}
}

// NoLeak fails when a problem tells the value. Short texts occur in the problems' own words by chance and are let go.
func NoLeak(t *testing.T, problems []relation.Problem, value string) {
	t.Helper()
	for _, p := range problems {
		if len(value) >= 12 && strings.Contains(p.Error(), value) {
			t.Errorf("the problem tells the value: %s", p)
		}
	}
}

// Junk is a table of values that no protocol means, by description. Each but the shortest holds the word hunter2, which
// no problem may tell.
func Junk() map[string]string {
	return map[string]string{
		"broken JSON":              `{"hunter2": `,
		"a JSON text":              `"hunter2 is not it"`,
		"a JSON list of lists":     `[["hunter2"], [], {}, 7, true, null]`,
		"a JSON object":            `{"hunter2": {"hunter2": ["hunter2"]}}`,
		"a JSON number":            `-1e400`,
		"plain words":              `hunter2 and more`,
		"a shell command":          "$(hunter2); `reboot`",
		"an option":                `--hunter2=/etc/shadow`,
		"a path upwards":           `../../../etc/hunter2`,
		"an absolute path":         `/etc/hunter2.conflist`,
		"line ends":                "hunter2\nhunter2: true\r\n",
		"a NUL byte":               "hunter2\x00",
		"no UTF-8":                 "hunter2\xff\xfe\x80",
		"writing from the right":   "hunter2\u202e\u2066",
		"a terminal's escape":      "\x1b[2Jhunter2",
		"a URL with a user":        `https://hunter2:hunter2@10.0.0.7:6443`,
		"a list of bad URLs":       `["https://hunter2@10.0.0.7:6443", "file:///hunter2", "https://hunter2 :1", "https://10.0.0.7:99999"]`,
		"deep nesting":             strings.Repeat("[", 20000) + "hunter2",
		"one MiB of a letter":      "hunter2" + strings.Repeat("a", 1<<20),
		"one MiB of list":          "[" + strings.Repeat(`"hunter2 !",`, 1<<17) + `""]`,
		"one MiB of block starts":  strings.Repeat("-----BEGIN hunter2-----\n", 1<<15),
		"a block that is not DER":  "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n",
		"a key that is not DER":    "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n",
		"spaces only":              "  \n ",
		"an address with a zone":   "fe80::1%hunter2",
		"the unspecified address":  "0.0.0.0",
		"a port out of range":      "65536",
		"a network without length": "10.1.0.0/",
	}
}
