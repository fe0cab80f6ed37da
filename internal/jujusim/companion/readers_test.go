package companion

import (
	"encoding/json"
	"testing"
)

func TestWhatIsOnlyReadIsTold(t *testing.T) {
	for _, test := range []struct {
		name, kind, endpoint string
		peers                []Peer
		want                 string
	}{
		{"a proxy without workers", "haproxy", "reverseproxy", nil, "no backends"},
		{"a proxy with two", "haproxy", "reverseproxy", []Peer{
			{Name: "worker/1", Data: map[string]string{"hostname": "10.0.0.12", "port": "80"}},
			{Name: "worker/0", Data: map[string]string{"hostname": "10.0.0.11", "port": "80"}},
			{Name: "worker/2", Data: map[string]string{"hostname": "10.0.0.13"}},
		}, "backends: 10.0.0.11:80, 10.0.0.12:80"},
		{"a user of docker", "dockerhost-user", "docker-host", []Peer{{Name: "worker/0", Data: map[string]string{"url": "unix:///var/run/docker.sock"}}},
			"docker hosts: unix:///var/run/docker.sock"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := reconcile(t, test.kind, world(t, test.kind, test.endpoint, 1, nil, test.peers...)).Message; got != test.want {
				t.Errorf("status %q, want %q", got, test.want)
			}
		})
	}
}

func TestAControlPlaneIssuesTokensForOtherUsersOnce(t *testing.T) {
	w := world(t, "kubernetes-control-plane", "tokens", 2, nil,
		Peer{Name: "worker/0", Data: map[string]string{"requests": `{"system:cos:a": "system:cos"}`}},
		Peer{Name: "worker/1", Data: map[string]string{"requests": "no JSON"}})
	first := reconcile(t, "kubernetes-control-plane", w)
	tokens := map[string]string{}
	if err := json.Unmarshal([]byte(first.Bags[3]["it/0"]["tokens"]), &tokens); err != nil {
		t.Fatal(err)
	}
	if len(tokens) != 1 || len(tokens["system:cos:a"]) != 32 {
		t.Errorf("issued %d tokens, want one of 32 digits", len(tokens))
	}
	if len(first.Bags[3]["it/1"]) != 0 {
		t.Error("a unit that does not lead issues tokens")
	}
	wantBag(t, reconcile(t, "kubernetes-control-plane", w).Bags[3]["it/0"], first.Bags[3]["it/0"])
}
