package snapd

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzDecodeAnswer(f *testing.F) {
	text, err := os.ReadFile("testdata/recorded-errors.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "{") {
			f.Add(400, line)
		}
	}
	f.Add(200, `{"type":"sync","result":{"tasks":[{"status":"Error","kind":"run-hook","log":["x ERROR run hook \"a\":"]}],"ready":true}}`)
	f.Add(200, `[]`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		a, err := decodeAnswer(status, strings.NewReader(body))
		if err == nil {
			var ch change
			if err = a.store("look", &ch); err == nil {
				_ = ch.progress()
				err = ch.outcome("look")
			}
		}
		if err == nil {
			return
		}
		_ = Classify(err)
		if s := err.Error(); s == "" || !utf8.ValidString(s) || strings.ContainsAny(s, "\n\x00\x1b") {
			t.Fatalf("text %q", s)
		}
	})
}

func FuzzWithoutQueries(f *testing.F) {
	f.Add(`Get "https://x/y?z=1": EOF`)
	f.Add(`"http"http`)
	f.Fuzz(func(t *testing.T, text string) {
		if got := withoutQueries(text); len(got) > len(text) {
			t.Fatalf("%q became longer: %q", text, got)
		}
	})
}

func FuzzSuperblock(f *testing.F) {
	f.Add([]byte("hsqs"), int64(4))
	f.Add(make([]byte, 96), int64(96))
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		if err := checkSuperblock("x", head, size); err != nil && Classify(err) != BadSnap {
			t.Fatalf("class %q", Classify(err))
		}
	})
}

func TestReleasesOfAnotherFormAreIgnored(t *testing.T) {
	var e Error
	e.readValue(json.RawMessage(`{"releases":7}`))
	if e.Releases != nil {
		t.Fatalf("%+v", e)
	}
}
