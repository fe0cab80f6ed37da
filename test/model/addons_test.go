package model

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	registryLogin = "demo:S3cretRegistryCanary"
	registryPath  = "/apis/apps/v1/namespaces/default/deployments/kube-registry"
	microbotPath  = "/apis/apps/v1/namespaces/default/deployments/microbot"
)

// with are parameters with some changed; nil takes one away.
func with(params map[string]any, changes map[string]any) map[string]any {
	changed := maps.Clone(params)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}

// wantResults compares the results of an action, all of them.
func wantResults(t *testing.T, got map[string]any, want map[string]any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("results %v\nwant %v", got, want)
	}
}

// wantPullSecrets looks at what the service account has.
func (w *World) wantPullSecrets(want string) {
	w.T.Helper()
	var account struct{ ImagePullSecrets []struct{ Name string } }
	w.must(json.Unmarshal([]byte(w.API[0].Cluster.At(serviceAccountPath)), &account))
	if got := strings.Trim(fmt.Sprint(account.ImagePullSecrets), "[]{}"); got != want {
		w.T.Errorf("pull secrets %s, want %s", got, want)
	}
}

// Fault 23: success is reported before anything runs, a second run fails, and the pull secret is never attached.
func TestARegistryIsDeployedOnceChangedAndTakenBack(t *testing.T) {
	t.Parallel()
	w := Joined(t, withIngress())
	startAddons(t, w.API[0])
	before := w.API[0].Cluster.Paths()
	params := registryParams(t, registryLogin)
	result := w.completes("registry", with(params, map[string]any{"ingress": true}))
	wantResults(t, result.Results, map[string]any{
		"registry-create": "success", "configmap-patch": "success", "serviceaccount-patch": "success",
		"result": "the registry at registry.example.test lets demo in; its images are in /srv/registry on node worker-0 alone, so that it is away while that node is, and lost with it",
	})
	w.wantImage(registryPath, "registry.test/cdk/cdkbot/registry-amd64:2.6")
	w.wantPullSecrets("mine} {registry-access")
	w.WantStatus("active", running)

	// Again, a hook, and a look at the objects change nothing; the ingress controller's own configuration stays as it is.
	w.apiWrites()
	w.completes("registry", with(params, map[string]any{"ingress": true}))
	w.hour()
	w.UpdateStatus()
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("again: %q", writes)
	}
	// Another user alone, without htpasswd: it is made, once.
	other := registryParams(t, "other:An0therRegistryCanary")
	delete(other, "htpasswd")
	w.completes("registry", other)
	w.apiWrites()
	wantResults(t, w.completes("registry", other).Results, map[string]any{
		"registry-create": "success", "serviceaccount-patch": "success",
		"result": "the registry at registry.example.test:5000 lets other in; its images are in /srv/registry on node worker-0 alone, so that it is away while that node is, and lost with it",
	})
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("again: %q", writes)
	}

	for range 2 {
		result := w.completes("registry", map[string]any{"delete": true})
		if result.Results["registry-delete"] != "success" || !strings.Contains(fmt.Sprint(result.Results["result"]), "/srv/registry on ") {
			t.Errorf("results %v", result.Results)
		}
		w.wantPullSecrets("mine")
		if left := w.API[0].Cluster.Paths(); !slices.Equal(left, before) {
			t.Errorf("left are %q", left)
		}
	}
	w.wantNowhereElse(append(w.secrets(), "S3cretRegistryCanary", "An0therRegistryCanary", keyBody(decoded(t, params["tlskey"]))))
}

func decoded(t *testing.T, text any) string {
	t.Helper()
	content, err := base64.StdEncoding.DecodeString(text.(string))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Fault 23: bad parameters end as completed.
func TestParametersOfTheRegistryThatCannotBeUsedAreAllNamed(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Juju: "4.0", Wire: "new"})
	startAddons(t, w.API[0])
	params := registryParams(t, registryLogin)
	w.apiRequests()
	result := w.fails("registry", nil, "parameter htpasswd-plain is required; parameter tlscert is required; parameter tlskey is required; parameter domain is required; nothing was changed")
	wantResults(t, result.Results, map[string]any{
		"registry-create-parameter-htpasswd-plain": "failure, parameter htpasswd-plain is required", "registry-create-parameter-domain": "failure, parameter domain is required",
		"registry-create-parameter-tlscert": "failure, parameter tlscert is required", "registry-create-parameter-tlskey": "failure, parameter tlskey is required",
	})
	w.fails("registry", with(params, map[string]any{"domain": "other.test", "tlskey": registryParams(t, registryLogin)["tlskey"], "htpasswd-plain": "ZGVtbzp4"}),
		"parameter htpasswd-plain has a user and password that are not in htpasswd; "+
			"parameter tlscert is not for the domain other.test, which its subject alternative names do not cover; parameter tlskey is not the key of tlscert; nothing was changed")
	if requests := w.apiRequests(); len(requests) > 0 {
		t.Errorf("asked the API server %q", requests)
	}
}

func TestMicrobotIsDeployedAndRemovedPieceByPiece(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Juju: "2.9", Exec: true})
	cluster := startAddons(t, w.API[0])
	result := w.completes("microbot", map[string]any{"replicas": 0})
	wantResults(t, result.Results, map[string]any{"address": "microbot.10.0.0.11.nip.io"})
	w.wantImage(microbotPath, "registry.test/cdk/cdkbot/microbot-amd64:latest")
	if live := w.API[0].Cluster.At(microbotPath); !strings.Contains(live, `"replicas":3`) {
		t.Errorf("not three pods: %s", live)
	}
	w.apiWrites()
	w.completes("microbot", nil)
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("again: %q", writes)
	}
	cluster.Aloof.Store(true)
	result = w.fails("microbot", map[string]any{"timeout": 1}, "microbot answers with HTTP status 502; what was made until then stays")
	wantResults(t, result.Results, map[string]any{"microbot-create": "Failed microbot creation."})

	w.API[0].Refuse(func(request string) int {
		if request == "DELETE "+microbotPath {
			return http.StatusForbidden
		}
		return 0
	})
	result = w.fails("microbot", map[string]any{"delete": true}, "1 of 3 objects of microbot are not removed: cannot delete Deployment default/microbot: ")
	wantResults(t, result.Results, map[string]any{"microbot-deployment": "Failed removal of microbot deployment resource."})
	w.API[0].Refuse(nil)
	for range 2 {
		wantResults(t, w.completes("microbot", map[string]any{"delete": true}).Results, map[string]any{"result": "microbot is removed"})
		if left := w.API[0].Cluster.Paths(); !slices.Equal(left, []string{serviceAccountPath}) {
			t.Errorf("left are %q", left)
		}
	}
	w.WantStatus("active", running)
}

// From whichever request on the API server is away, the action fails, says so, and does its work when it is run again.
func TestARegistryWithoutAnAPIServerFailsAndIsFinishedLater(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	cluster := startAddons(t, w.API[0])
	params := registryParams(t, registryLogin)
	for _, c := range []struct {
		from    string // the request that is refused, as all after it
		params  map[string]any
		message string
	}{
		{"GET /version", params, "nothing was changed"},
		{"GET " + registryPath, params, "nothing was changed"},
		{"PATCH /api/v1/namespaces/default/secrets/registry-auth-data", params, "what was made until then stays: mend that and run registry again, or remove it with delete=true"},
		{"PUT " + serviceAccountPath, params, "the registry works, but: "},
		{"DELETE " + registryPath, map[string]any{"delete": true}, "the registry is not removed, or not all of it: "},
	} {
		begun := false
		w.API[0].Refuse(func(request string) int {
			if begun = begun || request == c.from; begun {
				return http.StatusServiceUnavailable
			}
			return 0
		})
		results := w.fails("registry", c.params, c.message).Results
		if (results["registry-create"] == nil) == (results["registry-delete"] == nil) {
			t.Errorf("without an API server from %s on: results %v", c.from, results)
		}
		w.API[0].Refuse(nil)
		if !begun {
			t.Errorf("it never came to %s", c.from)
		}
		w.completes("registry", params)
		w.wantPullSecrets("mine} {registry-access")
		if c.from != "PUT "+serviceAccountPath { // what comes before the removal
			w.completes("registry", map[string]any{"delete": true})
			w.wantPullSecrets("mine")
		}
	}
	cluster.Idle.Store(true)
	result := w.fails("registry", with(params, map[string]any{"timeout": 1}), "the registry does not run: 0 of 1 pod of Deployment default/kube-registry can be used after 1s; what was made until then stays")
	wantResults(t, result.Results, map[string]any{"registry-create": "failure"})
	cluster.Idle.Store(false)
	cluster.Aloof.Store(true)
	w.fails("registry", with(params, map[string]any{"timeout": 1, "domain": "registry.example.test"}), "does not")
	w.API[0].Fail(http.StatusServiceUnavailable)
	w.fails("registry", map[string]any{"delete": true}, "nothing was changed")
	wantResults(t, w.fails("microbot", nil, "nothing was changed").Results, map[string]any{"microbot-create": "Failed microbot creation."})
	wantResults(t, w.fails("microbot", map[string]any{"delete": true}, "nothing was changed").Results, map[string]any{
		"microbot-service": "Failed removal of microbot service resource.", "microbot-deployment": "Failed removal of microbot deployment resource.",
		"microbot-ing": "Failed removal of microbot ingress resource.",
	})
}

// An action that is killed does not come again by itself. When the operator runs it again, it ends as if nothing had been.
func TestAKilledRegistryIsFinishedByTheNextRun(t *testing.T) {
	t.Parallel()
	o, b := mortal(t, Options{})
	w := New(t, o)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	startAddons(t, w.API[0])
	for _, params := range []map[string]any{with(registryParams(t, registryLogin), map[string]any{"ingress": true}), {"delete": true}} {
		before := w.Save()
		b.watch(t, 0)
		w.completes("registry", params)
		crossed, want := b.seen(t), w.API[0].Inside(w.Node)
		if len(crossed) < 10 {
			t.Errorf("only %d boundaries: %q", len(crossed), crossed)
		}
		after := w.Save()
		for n, place := range crossed {
			if n%2 == 1 && n < len(crossed)-1 {
				continue // after a step and before the next one is the same to the cluster
			}
			w.Restore(before)
			b.watch(t, n+1)
			if result := w.act("registry", params); result.Status != "failed" {
				t.Fatalf("killed at %s: %+v", place, result)
			}
			b.watch(t, 0)
			w.completes("registry", params)
			for _, difference := range differences(map[string]string{"cluster": want}, map[string]string{"cluster": w.API[0].Inside(w.Node)}) {
				t.Errorf("killed at %s: %s", place, difference)
			}
		}
		w.Restore(after)
	}
}
