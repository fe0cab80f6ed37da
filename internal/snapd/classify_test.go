package snapd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

// recorded reads testdata/recorded-errors.txt: the error of each request, as this package reports it.
func recorded(t *testing.T) map[string]error {
	t.Helper()
	text, err := os.ReadFile("testdata/recorded-errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]error{}
	for block := range strings.SplitSeq(string(text), ">>> ") {
		request, body, ok := strings.Cut(block, "\n")
		if !ok || strings.HasPrefix(request, "#") {
			continue
		}
		var head struct {
			Status int `json:"status-code"`
		}
		if err := json.Unmarshal([]byte(body), &head); err != nil {
			t.Fatalf("%s: %v", request, err)
		}
		a, err := decodeAnswer(head.Status, strings.NewReader(body))
		if err == nil {
			var ch change
			if err = a.store("", &ch); err == nil {
				err = ch.outcome("do it")
			}
		}
		if err == nil {
			t.Fatalf("%s: no error", request)
		}
		// One request was recorded with and without a store.
		for found[request] != nil {
			request += " again"
		}
		found[request] = err
	}
	return found
}

func TestEveryRecordedErrorHasItsClass(t *testing.T) {
	want := map[string]Class{
		`GET /v2/snaps/kubelet`: NotInstalled,
		`POST /v2/snaps multipart snap=@kubelet-classic-1.28.1.snap dangerous=true`:                           NeedsClassic,
		`POST /v2/snaps multipart snap=@kubelet-classic-1.28.1.snap classic=true`:                             NoSignatures,
		`POST /v2/snaps multipart snap=@kubelet-classic-1.28.1.snap dangerous=true classic=true (its change)`: StoreUnreachable,
		`GET /v2/snaps/kubelet/conf?keys=nosuch`:                                                              Other,
		`GET /v2/snaps/kubelet/conf?keys=Bad..key`:                                                            Other,
		`PUT /v2/snaps/kubelet/conf {"foo":"fail"} (its change)`:                                              HookFailed,
		`PUT /v2/snaps/nosuch/conf {"foo":"1"}`:                                                               NotInstalled,
		`POST /v2/apps {"action":"restart","names":["nosuch.daemon"]}`:                                        Other,
		`POST /v2/apps {"action":"restart","names":["kubelet.nosuch"]}`:                                       Other,
		`POST /v2/snaps/nosuch {"action":"install"}`:                                                          StoreUnreachable,
		`POST /v2/snaps/nosuch {"action":"install"} again`:                                                    SnapNotFound,
		`POST /v2/snaps/nosuch {"action":"refresh"}`:                                                          NotInstalled,
		`POST /v2/snaps/nosuch {"action":"remove"}`:                                                           NotInstalled,
		`POST /v2/snaps/kubelet {"action":"install","channel":"1.28/stable","classic":true}`:                  AlreadyInstalled,
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"1.29/stable"}`:                                 Local,
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"1.29/stable","amend":true,"classic":true}`:     StoreUnreachable,
		`POST /v2/snaps/kubelet {"action":"revert"}`:                                                          Other,
		`GET /v2/find?name=kubelet`:                                                                           StoreUnreachable,
		`PUT /v2/snaps/kubelet/conf {"foo":"x"}`:                                                              Busy,
		`POST /v2/apps {"action":"restart","names":["kubelet.daemon"]}`:                                       Busy,
		`POST /v2/snaps multipart snap=@kubelet-classic-1.29.0.snap dangerous=true classic=true`:              Busy,
		`POST /v2/snaps/kubelet {"action":"remove"}`:                                                          Busy,
		`POST /v2/changes/16 {"action":"abort"} (its change)`:                                                 HookFailed,
		`GET /v2/changes/99999`:                                                                               Other,
		`PUT /v2/snaps/system/conf {"refresh.timer":"garbage"} (its change)`:                                  HookFailed,
		`PUT /v2/snaps/core/conf {"proxy.store":"abcdef"} (its change)`:                                       HookFailed,
		`POST /v2/assertions (garbage)`:                                                                       Other,
		`POST /v2/snaps/kubelet {"action":"dance"}`:                                                           Unsupported,
		`POST /v2/snaps/core22 {"action":"hold","time":"forever","hold-level":"general"}`:                     Unsupported,
		`POST /v2/snaps/core22 {"action":"unhold"}`:                                                           Unsupported,
		`POST /v2/snaps/nosuch {"action":"switch","leave-cohort":true}`:                                       NotInstalled,
		`POST /v2/snaps multipart snap=@kubelet-strict-1.28.1.snap dangerous=true (its change)`:               HookFailed,
		`as a user without rights`:                                                                            Denied,
		`POST /v2/snaps/kubectl {"action":"install","channel":"1.28/stable"}`:                                 NeedsClassic,
		`POST /v2/snaps/kube-proxy {"action":"install","channel":"9.99/stable","classic":true}`:               SnapNotFound,
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"1.28/stable"}`:                                 NoUpdate,
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"9.99/stable"}`:                                 ChannelUnavailable,
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"1.30/stable"}`:                                 ChannelUnavailable,
		`POST /v2/snaps/kubelet {"action":"refresh"}`:                                                         NoUpdate,
		`GET /v2/find?name=nosuch`:                                                                            SnapNotFound,
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"bad channel/x/y/z"}`:                           BadChannel,
	}
	got := recorded(t)
	for request, err := range got {
		class, ok := want[request]
		if !ok {
			t.Errorf("%s: no class is expected here", request)
			continue
		}
		if c := Classify(err); c != class {
			t.Errorf("%s: class %q, want %q (%v)", request, c, class, err)
		}
	}
	for request := range want {
		if got[request] == nil {
			t.Errorf("%s: not recorded", request)
		}
	}
}

func TestErrorsNameTheRemedyAndTheCause(t *testing.T) {
	got := recorded(t)
	for request, want := range map[string]string{
		`POST /v2/snaps/kubelet {"action":"refresh","channel":"9.99/stable"}`: "no snap revision on specified channel " +
			"(available: 1.28/stable, 1.29/stable, 1.30/edge, stable)",
		`PUT /v2/snaps/kubelet/conf {"foo":"fail"} (its change)`: "cannot do it: its configure hook failed: configure: foo=fail bad foo",
		`PUT /v2/snaps/system/conf {"refresh.timer":"garbage"} (its change)`: `cannot do it: its configure hook failed: ` +
			`cannot parse "garbage": "garbage" is not a valid weekday`,
		`POST /v2/snaps multipart snap=@kubelet-strict-1.28.1.snap dangerous=true (its change)`: "cannot do it: its configure hook failed: " +
			"/snap/kubelet/x1/meta/hooks/configure: line 3: snapctl: not found",
		`GET /v2/find?name=kubelet`: `Get "https://<snap-store>/v2/snaps/info/kubelet": dial tcp: lookup <snap-store> on 10.77.0.1:53: no such host`,
		`POST /v2/snaps multipart snap=@kubelet-classic-1.28.1.snap dangerous=true classic=true (its change)`: `cannot do it: Ensure ` +
			`prerequisites for "kubelet" are available (cannot install snap base "core22": Post "https://<snap-store>/v2/snaps/refresh": ` +
			`dial tcp: lookup <snap-store> on 10.77.0.1:53: no such host)`,
	} {
		if err := got[request]; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", request, err, want)
		}
	}
	conflict, ok := asError(got[`PUT /v2/snaps/kubelet/conf {"foo":"x"}`])
	if !ok || conflict.ConflictKind != "configure-snap" {
		t.Errorf("conflict: %+v", conflict)
	}
}

func TestTextsWithoutAKindAreClassified(t *testing.T) {
	for text, want := range map[string]Class{
		`cannot install "kubelet": got unexpected HTTP status code 503 via POST to "https://x/v2/snaps/refresh"`: StoreUnreachable,
		`cannot install "kubelet": Post "https://x/": net/http: TLS handshake timeout`:                           StoreUnreachable,
		`Post "https://x/": read tcp 1.2.3.4:5->6.7.8.9:443: read: connection reset by peer`:                     StoreUnreachable,
		`Get "https://x/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused`:                StoreUnreachable,
		`Get "https://x/": x509: certificate signed by unknown authority`:                                        StoreUnreachable,
		`Get "https://x/": EOF`:                                        StoreUnreachable,
		`cannot install "kubelet": persistent network error`:           StoreUnreachable,
		`write /var/lib/snapd/x: No space left on device`:              DiskFull,
		`snap "kubelet" is not available on 1.99/stable but is for ..`: ChannelUnavailable,
		`cannot open snap: squashfs: not a snap`:                       BadSnap,
		`snap "kubectl" has running apps (kubectl), pids: 1`:           Busy,
		`cannot find the meaning of this`:                              Other,
	} {
		if got := Classify(&Error{Status: 400, Message: text}); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestKindsThatWereNotRecordedAreClassified(t *testing.T) {
	for kind, want := range map[string]Class{
		"network-timeout": StoreUnreachable, "dns-failure": StoreUnreachable, "snap-not-a-snap": BadSnap,
		"insufficient-disk-space": DiskFull, "daemon-restart": NoDaemon, "snap-architecture-not-available": ChannelUnavailable,
		"auth-cancelled": Denied, "never-heard-of": Other,
	} {
		if got := Classify(&Error{Status: 400, Kind: kind, Message: "x"}); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func TestOnlyPassingFaultsAreTransient(t *testing.T) {
	for err, want := range map[error]bool{
		&Error{class: Busy}: true, &Error{class: Unfinished}: true, &Error{class: StoreUnreachable}: true,
		&Error{class: NoDaemon}: true, &Error{class: DiskFull}: false, &Error{class: HookFailed}: false,
		fmt.Errorf("wrapped: %w", &Error{class: Busy}): true, errors.New("other"): false, context.DeadlineExceeded: true,
	} {
		if got := Transient(err); got != want {
			t.Errorf("%v (%s): %v", err, Classify(err), got)
		}
	}
	if Classify(nil) != None || Transient(nil) {
		t.Error("no error has a class")
	}
}

func TestWhatHappensToTheConnectionIsNamed(t *testing.T) {
	for cause, want := range map[error]Class{
		fs.ErrNotExist: NoDaemon, syscall.ECONNREFUSED: NoDaemon, syscall.EACCES: Denied, syscall.EPIPE: NoDaemon,
		context.DeadlineExceeded: NoDaemon, context.Canceled: Other, errors.New("odd\n\x1bthing"): NoDaemon,
	} {
		err := transportError("do it", cause)
		if Classify(err) != want || !errors.Is(err, cause) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%v: class %q, text %q", cause, Classify(err), err)
		}
	}
}

func TestAHookThatFillsTheDiskIsADiskError(t *testing.T) {
	ch := change{ID: "1", Status: "Error", Err: "x", Tasks: []task{{Kind: "run-hook", Status: "Error",
		Log: []string{"2026-01-01T00:00:00Z ERROR run hook \"configure\": sh: write error: No space left on device"}}}}
	if err := ch.outcome("do it"); Classify(err) != DiskFull {
		t.Fatalf("%q: %v", Classify(err), err)
	}
}

func TestTheStoreInAHooksOwnTextIsStillTheHook(t *testing.T) {
	ch := change{ID: "1", Status: "Error", Err: "x", Tasks: []task{{Kind: "run-hook", Status: "Error",
		Log: []string{"2026-01-01T00:00:00Z ERROR run hook \"configure\": curl: connection refused"}}}}
	if err := ch.outcome("do it"); Classify(err) != HookFailed {
		t.Fatalf("%q: %v", Classify(err), err)
	}
}

func TestLongTextsKeepTheirEnds(t *testing.T) {
	text := clean("begin "+strings.Repeat("x", 5000)+"\x00\x1b[0m end", 100)
	if len(text) > 100 || !strings.HasPrefix(text, "begin ") || !strings.HasSuffix(text, " end") {
		t.Fatalf("%d bytes: %q", len(text), text)
	}
}

func TestSpellingsOfOneChannelAreTheSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"1.28", "1.28/stable", true}, {"stable", "latest/stable", true}, {"1.28/edge", "1.28/stable", false},
		{"edge/fix", "latest/edge/fix", true}, {"", "", true}, {"", "stable", false}, {"latest", "stable", true},
	} {
		if got := SameChannel(c.a, c.b); got != c.same {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}
