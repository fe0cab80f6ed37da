package jujusim

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzParseFlags(f *testing.F) {
	for _, seed := range []string{"--format=json\x00key", "-r\x00x:1\x00-\x00unit/0", "--\x00-dash", "-", "--format", "--app=maybe", "-=-"} {
		f.Add(seed)
	}
	spec := flagSpec{values: [][]string{{"-r", "--relation"}, {"--format"}}, switches: [][]string{{"--app"}}}
	f.Fuzz(func(t *testing.T, joined string) {
		words := strings.Split(joined, "\x00")
		parsed, err := spec.parseFlags(words)
		if err == nil && len(parsed.args) > len(words) {
			t.Fatalf("%q became %d arguments", words, len(parsed.args))
		}
	})
}

func FuzzReadStringMap(f *testing.F) {
	for _, seed := range []string{"a: b", "a: null", "a: [1]", "{", "a: 'x\ny'", "? - a\n: b", "a: &x b\nc: *x", "!!binary a: b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := readStringMap([]byte(text))
		if err == nil && values == nil {
			t.Fatal("no error and no map")
		}
	})
}

func FuzzParsePort(f *testing.F) {
	for _, seed := range []string{"80", "80/tcp", "8000-8010/udp", "icmp", "ICMP", "-1", "1-", "99999/tcp", "10-5/udp"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		port, err := parsePort(text)
		if err != nil {
			return
		}
		again, err := parsePort(port.String())
		if err != nil || !again.same(port) {
			t.Fatalf("%q is %s, which is %s (%v)", text, port, again, err)
		}
	})
}

func FuzzParseSecretURI(f *testing.F) {
	for _, seed := range []string{"secret:9m4e2mr0ui3e8a215n4g", "secret://0000/9m4e2mr0ui3e8a215n4g", "9m4e2mr0ui3e8a215n4g", "secret:", "secret://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := parseSecretURI(text); ok && (len(id) != 20 || !strings.HasSuffix(text, id)) {
			t.Fatalf("%q gave %q", text, id)
		}
	})
}

func FuzzParseGeneration(f *testing.F) {
	for _, seed := range []string{"2.9", "3.6.1", "3.6.1-beta1", "4.0", "3.60", "5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if g, err := ParseGeneration(text); err == nil && (g.Major < 2 || !strings.HasPrefix(g.Version, text)) {
			t.Fatalf("%q gave %+v", text, g)
		}
	})
}

func FuzzLineWriter(f *testing.F) {
	f.Add("one\ntwo", 3)
	f.Add("\n\n", 1)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		var lines []string
		w := lineWriter{line: func(line string) { lines = append(lines, line) }}
		cut = max(0, min(cut, len(text)))
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		w.close()
		if got := strings.Join(lines, "\n"); got != strings.TrimSuffix(text, "\n") {
			t.Fatalf("%q came out as %q", text, got)
		}
	})
}

func FuzzStoredModel(f *testing.F) {
	f.Add(`{"juju":"3.6.28","units":{"a/0":{"application":"a"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var state modelState
		if err := json.Unmarshal([]byte(text), &state); err != nil {
			return
		}
		if _, err := json.Marshal(&state); err != nil {
			t.Fatal(err)
		}
	})
}
