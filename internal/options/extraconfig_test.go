package options_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
)

func TestExtraConfigIsReadAsPlainData(t *testing.T) {
	for text, want := range map[string]map[string]any{
		"{}":                           {},
		"a: 1\nb: -1\nc: 0x10\nd: 1e3": {"a": int64(1), "b": int64(-1), "c": int64(16), "d": int64(1000)},
		"a: 1.5":                       {"a": 1.5},
		"a: 18446744073709551615":      {"a": uint64(18446744073709551615)},
		"a: true\nb: yes\nc: off":      {"a": true, "b": true, "c": false},
		"a: 'yes'\nb: \"1\"":           {"a": "yes", "b": "1"},
		"a: null\nb: ~\nc:":            {"a": nil, "b": nil, "c": nil},
		"a: 2018-10-09":                {"a": "2018-10-09"},
		"a: !!str 1":                   {"a": "1"},
		"a: [1, {b: c}]":               {"a": []any{int64(1), map[string]any{"b": "c"}}},
		"1: a\ntrue: b":                {"1": "a", "true": "b"},
		"x: &x {a: 1}\ny: *x":          {"x": map[string]any{"a": int64(1)}, "y": map[string]any{"a": int64(1)}},
		"x: &x {a: 1, b: 1}\ny: {<<: *x, b: 2}": {"x": map[string]any{"a": int64(1), "b": int64(1)},
			"y": map[string]any{"a": int64(1), "b": int64(2)}},
		"x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny: {<<: [*x, *z]}": {"x": map[string]any{"a": int64(1)},
			"z": map[string]any{"a": int64(2), "c": int64(3)}, "y": map[string]any{"a": int64(1), "c": int64(3)}},
		`{"maxPods": 5, "evictionHard": {"memory.available": "100Mi"}}`: {"maxPods": int64(5), "evictionHard": map[string]any{"memory.available": "100Mi"}},
		"---\na: 1\n...\n": {"a": int64(1)},
	} {
		got, err := options.ParseExtraConfig(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, %v; want %#v", text, got, err, want)
		}
	}
}

func TestBadExtraConfigIsRefusedWithItsLine(t *testing.T) {
	deep := strings.Repeat("[", 60) + strings.Repeat("]", 60)
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	for name, c := range map[string]struct{ text, mentions string }{
		"empty":               {"", "empty"},
		"only a comment":      {"# x\n", "empty"},
		"a list":              {"- a", "line 1: it is no mapping"},
		"a word":              {"maxPods", "no mapping"},
		"null":                {"null", "no mapping"},
		"a tag that runs":     {"a: 1\nb: !!python/object/apply:os.system ['id']", "line 2: the tag"},
		"a tag on the whole":  {"!!python/dict {a: 1}", "line 1: the tag"},
		"a local tag":         {"a: !x 1", "tag"},
		"a tag on a key":      {"!x a: 1", "tag"},
		"binary data":         {"a: !!binary aGk=", "tag"},
		"a tag that lies":     {"a: !!int abc", "line 1"},
		"a key twice":         {"a: 1\nb: 2\na: 3", `line 3: the key "a" is already given in line 1`},
		"a nested key twice":  {"x: {b: 1, b: 2}", "already given"},
		"a list as key":       {"? [a]\n: 1", "a key must be a name"},
		"a null key":          {"~: 1", "a key must be a name"},
		"two documents":       {"a: 1\n---\nb: 1", "second document"},
		"broken YAML":         {"a: 1\n b: 2", "line 2"},
		"an unknown anchor":   {"a: *x", "anchor"},
		"too deep":            {"a: " + deep, "nested"},
		"an alias bomb":       {bomb, "aliases"},
		"an alias to itself":  {"a: &a [*a]", ""},
		"a merge of a scalar": {"a: {<<: 1}", "merged"},
		"not a number":        {"a: .nan", "finite"},
		"infinite":            {"a: -.inf", "finite"},
		"too large":           {"a: " + strings.Repeat("x", 256<<10), "allowed"},
		"control characters":  {"a: \x01", "YAML"},
	} {
		got, err := options.ParseExtraConfig(c.text)
		if err == nil {
			t.Errorf("%s: %v", name, got)
		} else if !strings.Contains(err.Error(), c.mentions) {
			t.Errorf("%s: error %q does not say %q", name, err, c.mentions)
		}
	}
}

func FuzzParseExtraConfig(f *testing.F) {
	for _, seed := range []string{"{}", "a: &x [*x]", "<<: {a: 1}", "? a\n: b", "!!int 1: 2", "a: 1e400", "- b", "\xff", "a: !!float x", "a: *b", "'': ''"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, err := options.ParseExtraConfig(text)
		if err != nil {
			return
		}
		if _, err := json.Marshal(config); err != nil {
			t.Errorf("%q is not data as in JSON: %v", text, err)
		}
	})
}
