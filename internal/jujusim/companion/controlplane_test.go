package companion

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// world is one companion with units 0..n-1 and one relation in which every unit sees the peers.
func world(t *testing.T, kind, endpoint string, units int, options map[string]string, peers ...Peer) World {
	t.Helper()
	found, err := Lookup(kind)
	if err != nil {
		t.Fatal(err)
	}
	w := World{App: "it", Options: found.Options(), StateDir: t.TempDir(), SecretURI: func(label string) string { return "secret:" + label }}
	maps.Copy(w.Options, options)
	r := Relation{ID: 3, Endpoint: endpoint, RemoteApp: "worker", Peers: map[string][]Peer{}}
	for i := range units {
		u := Unit{Name: "it/" + string(rune('0'+i)), Number: i, Address: "10.0.0." + string(rune('1'+i)), Leader: i == 0}
		w.Units = append(w.Units, u)
		r.Peers[u.Name] = peers
	}
	w.Relations = []Relation{r}
	return w
}

func reconcile(t *testing.T, kind string, w World) Outcome {
	t.Helper()
	found, err := Lookup(kind)
	if err != nil {
		t.Fatal(err)
	}
	out, err := found.Reconcile(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantBag(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Fatalf("the bag holds\n%s\nwant\n%s", show(got), show(want))
	}
}

func show(bag map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(bag)) {
		lines = append(lines, key+"="+bag[key])
	}
	return strings.Join(lines, "\n")
}

func worker(name, user string, more ...string) Peer {
	p := Peer{Name: name, Data: map[string]string{"kubelet_user": user, "auth_group": "system:nodes"}}
	for i := 0; i+1 < len(more); i += 2 {
		p.Data[more[i]] = more[i+1]
	}
	return p
}

func TestCredentialsComeFromTheAPIServersTokenFile(t *testing.T) {
	dir := t.TempDir()
	file, restarts := filepath.Join(dir, "tokens.csv"), filepath.Join(dir, "restarts")
	tokens := "admintok,admin,admin,\"system:masters\"\nproxytok,system:kube-proxy,proxy\nkubelet-n1,system:node:n1,kubelet-n1,\"system:nodes\"\n"
	if err := os.WriteFile(file, []byte(tokens), 0o600); err != nil {
		t.Fatal(err)
	}
	options := map[string]string{"wire": "old", "tokens-file": file, "restart-command": "echo x >> " + restarts, "cluster-tag": "kubernetes-abc"}
	w := world(t, "kubernetes-master", "kube-control", 2, options, worker("worker/0", "system:node:n1"))
	out := reconcile(t, "kubernetes-master", w)
	dns := map[string]string{"port": "53", "domain": "cluster.local", "sdn-ip": "10.152.183.10", "enable-kube-dns": "True", "cluster-tag": "kubernetes-abc"}
	leader := maps.Clone(dns)
	leader["creds"] = `{"system:node:n1": {"client_token": "admintok", "kubelet_token": "kubelet-n1", "proxy_token": "proxytok", "scope": "worker/0"}}`
	wantBag(t, out.Bags[3]["it/0"], leader)
	wantBag(t, out.Bags[3]["it/1"], dns)
	if _, err := os.Stat(restarts); !os.IsNotExist(err) {
		t.Fatal("the API server was restarted for a file that did not change")
	}

	w.Relations[0].Peers["it/0"] = append(w.Relations[0].Peers["it/0"], worker("worker/1", "system:node:n2"))
	first := reconcile(t, "kubernetes-master", w).Bags[3]["it/0"]["creds"]
	second := reconcile(t, "kubernetes-master", w).Bags[3]["it/0"]["creds"]
	if first != second || !strings.Contains(first, `"scope": "worker/1"`) {
		t.Fatalf("credentials went from\n%s\nto\n%s", first, second)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), tokens) || strings.Count(string(text), "system:node:n2,system:node:n2,system:nodes") != 1 {
		t.Fatal("the file was not just made longer by one user")
	}
	if text, err = os.ReadFile(restarts); err != nil || string(text) != "x\n" {
		t.Fatalf("the API server was restarted %q (%v)", text, err)
	}
}

func TestTheNewWireAddsItsKeysAndTheOldOneHasNone(t *testing.T) {
	w := world(t, "kubernetes-control-plane", "kube-control", 2, map[string]string{
		"wire": "new", "api-servers": "https://10.1.1.1:6443,[fd00::1]:443", "cluster-tag": "t", "default-cni": "flannel", "enable-dns": "false", "registry-location": "r:5000",
	})
	out := reconcile(t, "kubernetes-control-plane", w)
	want := map[string]string{
		"api-endpoints": `["https://10.1.1.1:6443"]`, "cluster-tag": "t", "default-cni": `"flannel"`, "domain": "cluster.local",
		"enable-kube-dns": "False", "has-xcp": "false", "labels": "[]", "taints": "[]", "port": "53", "registry-location": "r:5000",
	}
	wantBag(t, out.Bags[3]["it/0"], want)
	want["api-endpoints"] = `["https://[fd00::1]:443"]`
	wantBag(t, out.Bags[3]["it/1"], want)
}

func TestWhoUnderstandsSecretsGetsTheTokensInOne(t *testing.T) {
	for _, test := range []struct {
		name, schemas, wire string
		has, secret         bool
	}{
		{"a worker that knows them", "[0, 1]", "new", true, true},
		{"a worker that does not", "[0]", "new", true, false},
		{"a Juju without secrets", "[0, 1]", "new", false, false},
		{"the old wire", "[0, 1]", "old", true, false},
		{"junk instead of schemas", "{1", "new", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world(t, "kubernetes-control-plane", "kube-control", 1, map[string]string{"wire": test.wire}, worker("worker/0", "system:node:n1", "schema_vers", test.schemas))
			w.HasSecrets = test.has
			out := reconcile(t, "kubernetes-control-plane", w)
			creds := out.Bags[3]["it/0"]["creds"]
			if got := strings.Contains(creds, `"secret-id": "secret:creds-system:node:n1"`); got != test.secret {
				t.Fatalf("credentials are %s", creds)
			}
			if got := len(out.Secrets) == 1 && out.Secrets[0].Content["kubelet-token"] != "" && slices.Equal(out.Secrets[0].Units, []string{"worker/0"}); got != test.secret {
				t.Fatalf("secrets: %d", len(out.Secrets))
			}
			if got := strings.Contains(creds, `"kubelet_token": ""`); got != test.secret {
				t.Fatalf("credentials are %s", creds)
			}
		})
	}
}

func TestAPIEndpointsOfSeveralUnits(t *testing.T) {
	w := world(t, "kubernetes-master", "kube-api-endpoint", 2, map[string]string{"extended-data": "[]"})
	out := reconcile(t, "kubernetes-master", w)
	wantBag(t, out.Bags[3]["it/0"], map[string]string{"hostname": "10.0.0.1", "private-address": "10.0.0.1", "port": "6443", "extended_data": "[]"})
	wantBag(t, out.Bags[3]["it/1"], map[string]string{"hostname": "10.0.0.2", "private-address": "10.0.0.2", "port": "6443", "extended_data": "[]"})
	w = world(t, "kubeapi-load-balancer", "website", 1, map[string]string{"host": "lb.example"})
	out = reconcile(t, "kubeapi-load-balancer", w)
	wantBag(t, out.Bags[3]["it/0"], map[string]string{"hostname": "lb.example", "private-address": "lb.example", "port": "443"})
}

func TestWrongOptionsAreErrors(t *testing.T) {
	for _, test := range []struct{ kind, option, value string }{
		{"kubernetes-master", "wire", "sideways"},
		{"kubernetes-master", "api-servers", "no-port"},
		{"kubernetes-master", "api-servers", "host:99999"},
		{"easyrsa", "wire", ""},
		{"easyrsa", "ca-cert", "/no/such/file"},
		{"flannel", "cidr", "fd00::/64"},
		{"flannel", "node-bits", "99"},
		{"flannel", "first-part", "-1"},
		{"stand-in", "endpoints", "just-a-name"},
	} {
		t.Run(test.kind+" "+test.option+"="+test.value, func(t *testing.T) {
			w := world(t, test.kind, "cni", 1, map[string]string{test.option: test.value}, Peer{Name: "worker/0", Data: map[string]string{"is_master": "False"}})
			w.Units[0].Root = t.TempDir()
			found, err := Lookup(test.kind)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := found.Reconcile(context.Background(), w); err == nil {
				t.Fatal("it was taken")
			}
		})
	}
	if _, err := Lookup("no-such"); err == nil || !strings.Contains(err.Error(), "flannel") {
		t.Fatalf("an unknown kind gave %v", err)
	}
}

func TestAStandInHasTheEndpointsItsOptionNames(t *testing.T) {
	found, err := Lookup("stand-in")
	if err != nil {
		t.Fatal(err)
	}
	got := found.Endpoints(map[string]string{"endpoints": "registry:docker-registry:provider,x:y:requirer"})
	want := []Endpoint{{Name: "registry", Interface: "docker-registry", Role: Provider}, {Name: "x", Interface: "y", Role: Requirer}}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
}

func FuzzParseTokens(f *testing.F) {
	for _, seed := range []string{"t,u,id,\"g,h\"\n", "t,u\n", "\"", "t,u,id\r\nt2,u,id", ",,,"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		tokens, err := parseTokens(content)
		if err != nil {
			return
		}
		for user, token := range tokens {
			if token == "" {
				t.Fatalf("user %q has an empty token", user)
			}
		}
	})
}

func FuzzParseServer(f *testing.F) {
	for _, seed := range []string{"10.0.0.1:6443", "https://h:1/", "[::1]:443", "://", "h:0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseServer(text)
		if err == nil && (s.host == "" || s.port == "") {
			t.Fatalf("%q gave %+v", text, s)
		}
	})
}
