package snapdtest

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// systemHook checks the daemon's own configuration; a text says why it refuses it. The texts are those of 2.57.6.
func systemHook(st *state, conf map[string]any) string {
	timer, _ := getPath(conf, []string{"refresh", "timer"})
	if text, is := timer.(string); is && text != "" {
		if refusal := timerFault(text); refusal != "" {
			return refusal
		}
	}
	store, _ := getPath(conf, []string{"proxy", "store"})
	if text, is := store.(string); is && text != "" {
		switch address, known := st.Stores[text]; {
		case !known:
			return fmt.Sprintf("cannot set proxy.store to %q without a matching store assertion", text)
		case address == "":
			return fmt.Sprintf("cannot set proxy.store to %q with a matching store assertion with url unset", text)
		}
	}
	return ""
}

var (
	weekdaySpan = regexp.MustCompile(`^(sun|mon|tue|wed|thu|fri|sat)[1-5]?(-(sun|mon|tue|wed|thu|fri|sat)[1-5]?)?$`)
	clockSpan   = regexp.MustCompile(`^([01]?\d|2[0-4]):[0-5]\d([-~]([01]?\d|2[0-4]):[0-5]\d(/\d+)?)?$`)
)

// timerFault knows the daemon's timers roughly: days with times, separated by commas, events by two of them.
func timerFault(timer string) string {
	for event := range strings.SplitSeq(timer, ",,") {
		for part := range strings.SplitSeq(event, ",") {
			switch {
			case weekdaySpan.MatchString(part), clockSpan.MatchString(part):
			case strings.Contains(part, ":"):
				return fmt.Sprintf("cannot parse %q: not a valid time", part)
			default:
				return fmt.Sprintf("cannot parse %q: %q is not a valid weekday", timer, part)
			}
		}
	}
	return ""
}

// TrustedKey is the only key whose signatures the stand-in believes.
const TrustedKey = "trusted-by-the-stand-in"

var (
	signKey = regexp.MustCompile(`(?m)^sign-key-sha3-384: (.*)$`)
	aStore  = regexp.MustCompile(`(?m)^type: store\n(?:.+\n)*?store: (.*)\n(?:.+\n)*?(?:url: (.*)\n(?:.+\n)*)?\n`)
)

// assert takes assertions that are signed with the trusted key, and keeps which stores they are about.
func (s *Server) assert(w http.ResponseWriter, r *http.Request, st *state, _ Faults) {
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	keys := signKey.FindAllStringSubmatch(string(text), -1)
	switch {
	case err != nil, len(text) > 0 && len(keys) == 0:
		fail(w, http.StatusBadRequest, "", "cannot decode request body into assertions: unexpected EOF", nil)
		return
	}
	for _, key := range keys {
		if key[1] != TrustedKey {
			fail(w, http.StatusBadRequest, "", fmt.Sprintf("assert failed: no matching public key %q for signature by %q", key[1], "generic"), nil)
			return
		}
	}
	for _, found := range aStore.FindAllStringSubmatch(string(text), -1) {
		st.Stores[found[1]] = found[2]
	}
	answer(w, nil)
}

// StoreAssertion is an assertion about a store, signed with a key. The store "nowhere" has no address.
func StoreAssertion(store, key string) string {
	address := "url: http://" + store + ".test\n"
	if store == "nowhere" {
		address = ""
	}
	return "type: store\nauthority-id: canonical\nstore: " + store + "\noperator-id: operator\n" + address + "timestamp: 2026-01-01T00:00:00Z\n" +
		"sign-key-sha3-384: " + key + "\n\nAcLBUgQAAQoABgUCXXX=\n"
}
