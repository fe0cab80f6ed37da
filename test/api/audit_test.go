package api

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// audit is the API server's own account of what it was asked.
type audit struct {
	t      *testing.T
	policy string
	log    string
	read   int // lines that were looked at
}

func newAudit(t *testing.T) *audit {
	t.Helper()
	dir := t.TempDir()
	a := &audit{t: t, policy: filepath.Join(dir, "policy.yaml"), log: filepath.Join(dir, "audit.log")}
	policy := "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
	if err := os.WriteFile(a.policy, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// flags make an API server keep the account.
func (a *audit) flags() []string {
	return []string{"--audit-policy-file=" + a.policy, "--audit-log-path=" + a.log}
}

// asking is one request of a charm.
type asking struct {
	Verb   string // of the API: get, list, create, patch …
	Path   string
	Status int
}

func (a asking) writes() bool { return a.Verb != "get" && a.Verb != "list" && a.Verb != "watch" }

// charms are the requests of all charms since the last call, once there are at least so many: the server writes them down
// a moment after it has answered.
func (a *audit) charms(atLeast int) []asking {
	a.t.Helper()
	var all []asking
	wait(a.t, "the API server's account", func() bool {
		all = nil
		file, err := os.Open(a.log)
		if err != nil {
			a.t.Fatal(err)
		}
		defer file.Close()
		lines, n := bufio.NewScanner(file), 0
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if n++; n <= a.read {
				continue
			}
			var event struct {
				UserAgent, Verb, RequestURI string
				ResponseStatus              struct{ Code int }
			}
			if json.Unmarshal(lines.Bytes(), &event) != nil {
				n--
				break // the server is writing it
			}
			if !strings.HasPrefix(event.UserAgent, "kubernetes-worker-charm") {
				continue
			}
			asked, err := url.Parse(event.RequestURI)
			if err != nil {
				a.t.Fatal(err)
			}
			all = append(all, asking{event.Verb, asked.Path, event.ResponseStatus.Code})
		}
		if len(all) < atLeast {
			return false
		}
		a.read = n
		return true
	})
	return all
}
