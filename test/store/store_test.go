package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const catalog = `{"snaps": {
	"kubelet": {"base": "core22", "revisions": {"10": "1.36.3", "20": "1.36.3+edge"}, "channels": {"1.36/stable": 10, "1.36/edge": 20}},
	"core22": {"type": "base", "confinement": "strict", "revisions": {"3": "22"}, "channels": {"latest/stable": 3}}
}}`

func openStore(t *testing.T) (dir, url string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"channels.json": catalog, "kubelet_10.snap": "the stable snap", "kubelet_20.snap": "the edge snap", "core22_3.snap": "a base",
		"assertions/snap-declaration/16/kubelet-id": "declared", "assertions/snap-revision/abc/global-upload": "revised",
	} {
		put(t, dir, name, content)
	}
	server := httptest.NewServer(NewStore(dir, log.New(io.Discard, "", 0)))
	t.Cleanup(server.Close)
	return dir, server.URL
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// In one step, as the store may be reading.
	if err := os.WriteFile(path+".new", []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func ask(t *testing.T, url, request string) []result {
	t.Helper()
	r, err := http.Post(url+"/v2/snaps/refresh", "application/json", strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var reply struct{ Results []result }
	if err := json.NewDecoder(r.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	return reply.Results
}

func TestAnActionGetsTheRevisionOfItsChannel(t *testing.T) {
	_, url := openStore(t)
	const context = `"context": [{"instance-key": "k", "snap-id": "kubelet-id", "revision": 10, "tracking-channel": "1.36/edge"}], `
	for _, test := range []struct {
		name, request    string
		revision         float64
		channel, failure string
	}{
		{"an install from a channel", `{"actions": [{"action": "install", "name": "kubelet", "channel": "1.36/stable"}]}`, 10, "1.36/stable", ""},
		{"a riskier channel without a release of its own", `{"actions": [{"action": "install", "name": "kubelet", "channel": "1.36/beta"}]}`, 10, "1.36/stable", ""},
		{"a track without a risk", `{"actions": [{"action": "install", "name": "kubelet", "channel": "1.36"}]}`, 10, "1.36/stable", ""},
		{"no channel", `{"actions": [{"action": "install", "name": "core22"}]}`, 3, "latest/stable", ""},
		{"a refresh along the channel followed", `{` + context + `"actions": [{"action": "refresh", "instance-key": "k", "snap-id": "kubelet-id"}]}`, 20, "1.36/edge", ""},
		{"a refresh of all", `{` + context + `"actions": [{"action": "refresh-all"}]}`, 20, "1.36/edge", ""},
		{"a revision", `{` + context + `"actions": [{"action": "refresh", "instance-key": "k", "snap-id": "kubelet-id", "revision": 20}]}`, 20, "", ""},
		{"a track that does not exist", `{"actions": [{"action": "install", "name": "kubelet", "channel": "9.99/stable"}]}`, 0, "", "revision-not-found"},
		{"a safer channel than any release", `{"actions": [{"action": "install", "name": "kubelet"}]}`, 0, "", "revision-not-found"},
		{"a snap that does not exist", `{"actions": [{"action": "install", "name": "kubeless"}]}`, 0, "", "name-not-found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, url, test.request)
			if len(got) != 1 {
				t.Fatalf("%d results: %v", len(got), got)
			}
			if test.failure != "" {
				if got[0].Error == nil || got[0].Error.Code != test.failure {
					t.Errorf("got %+v, wanted the error %s", got[0], test.failure)
				}
				return
			}
			if got[0].Snap["revision"] != test.revision || got[0].EffectiveChannel != test.channel {
				t.Errorf("revision %v from %q, wanted %v from %q", got[0].Snap["revision"], got[0].EffectiveChannel, test.revision, test.channel)
			}
		})
	}
}

func TestARefreshOfAllLeavesOutWhatIsCurrent(t *testing.T) {
	_, url := openStore(t)
	got := ask(t, url, `{"context": [{"instance-key": "k", "snap-id": "kubelet-id", "revision": 10, "tracking-channel": "1.36/stable"}], "actions": [{"action": "refresh-all"}]}`)
	if len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestOnlyUnknownAssertionsAreOffered(t *testing.T) {
	_, url := openStore(t)
	got := ask(t, url, `{"actions": [{"action": "fetch-assertions", "key": "g", "assertions": [
		{"type": "snap-declaration", "primary-key": ["16", "kubelet-id"], "if-newer-than": 0},
		{"type": "snap-revision", "primary-key": ["abc"]}]}]}`)
	want := []string{url + "/v2/assertions/snap-revision/abc"}
	if len(got) != 1 || got[0].Key != "g" || len(got[0].AssertionURLs) != 1 || got[0].AssertionURLs[0] != want[0] {
		t.Errorf("got %+v, wanted %v", got, want)
	}
}

func TestFilesAreServed(t *testing.T) {
	_, url := openStore(t)
	for _, test := range []struct {
		path   string
		status int
		body   string
	}{
		{"/v2/assertions/snap-declaration/16/kubelet-id", 200, "declared"},
		{"/v2/assertions/snap-revision/abc", 200, "revised"},
		{"/v2/assertions/snap-revision/abc/global-upload", 200, "revised"},
		{"/v2/assertions/snap-revision/abd", 404, ""},
		{"/download/kubelet_20.snap", 200, "the edge snap"},
		{"/download/kubelet_21.snap", 404, ""},
		{"/v2/snaps/info/kubeless", 404, ""},
	} {
		if status, body := get(t, url+test.path); status != test.status || test.body != "" && body != test.body {
			t.Errorf("%s: %d %q", test.path, status, body)
		}
	}
}

func TestItSaysWhichStoreItIs(t *testing.T) {
	dir, url := openStore(t)
	if status, _ := get(t, url+"/v2/auth/store/assertions"); status != 404 {
		t.Errorf("status %d without an assertion about a store", status)
	}
	put(t, dir, "assertions/account-key/abc", "a key\n\nsigned\n")
	put(t, dir, "assertions/store/shop", "a store\n\nsigned")
	if status, body := get(t, url+"/v2/auth/store/assertions"); status != 200 || body != "a key\n\nsigned\n\na store\n\nsigned\n\n" {
		t.Errorf("status %d, %q", status, body)
	}
}

func TestTheCatalogIsReadAtEachRequest(t *testing.T) {
	dir, url := openStore(t)
	put(t, dir, "channels.json", `{"down": 503}`)
	if status, _ := get(t, url+"/v2/snaps/info/kubelet"); status != 503 {
		t.Errorf("status %d of a store that is down", status)
	}
	put(t, dir, "channels.json", catalog)
	if status, body := get(t, url+"/v2/snaps/info/kubelet"); status != 200 || !strings.Contains(body, `"1.36/edge"`) {
		t.Errorf("status %d of a store that works: %s", status, body)
	}
}

func TestAHeldDownloadGoesOnWhenItIsReleased(t *testing.T) {
	dir, url := openStore(t)
	put(t, dir, "channels.json", `{"hold-downloads": true}`)
	r, err := http.Get(url + "/download/kubelet_20.snap")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	half := make([]byte, len("the edge snap")/2)
	if _, err := io.ReadFull(r.Body, half); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "channels.json", `{"hold-downloads": false}`)
	rest, err := io.ReadAll(r.Body)
	if err != nil || string(half)+string(rest) != "the edge snap" {
		t.Errorf("got %q and %q, %v", half, rest, err)
	}
}
