package model

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kubeconfig"
)

const (
	proxyPassword = "Pr0xyPassw0rdCanary"
	otherToken    = "0therUsersT0kenCanary"
)

// secretPlaces are the files that hold secrets, with the modes that keep them from everybody but their readers.
var secretPlaces = map[string]os.FileMode{
	"/root/.kube/config":        0o600,
	"/home/ubuntu/.kube/config": 0o600,
	"/root/.docker/config.json": 0o600,
	"/root/cdk/kubeconfig":      0o600,
	"/root/cdk/kubeproxyconfig": 0o600,
	"/root/cdk/server.key":      0o440,
	"/root/cdk/client.key":      0o440,
	"/etc/systemd/system/containerd.service.d/kubernetes-worker.conf": 0o400,
	"/etc/systemd/system/docker.service.d/kubernetes-worker.conf":     0o400,
	charmPath + "/.unit-state.db":                                     0o600, // of the charm before
	cloudConf:                                                         0o600,
	gcpCreds:                                                          0o600,
}

// markedSecrets are those with which stories are told: in options, and in what other charms say. Docker's file holds logins
// in another writing.
func markedSecrets() []string {
	marks := []string{proxyPassword, otherToken, registryPassword, cloudPassword}
	for _, password := range []string{registryPassword, registryPassword + "1", registryPassword + "2"} {
		marks = append(marks, base64.StdEncoding.EncodeToString([]byte("me:"+password)))
	}
	return marks
}

// tokensAndKeys are those in the files that the node has now.
func (w *World) tokensAndKeys() []string {
	w.T.Helper()
	var all []string
	for _, path := range []string{"/root/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig"} {
		if w.Exists(path) {
			config, err := kubeconfig.Parse([]byte(w.Read(path)))
			w.must(err)
			all = append(all, config.Token.Reveal())
		}
	}
	for _, path := range []string{"/root/cdk/server.key", "/root/cdk/client.key"} {
		if w.Exists(path) {
			all = append(all, keyBody(w.Read(path)))
		}
	}
	return all
}

// secrets are the tokens and keys that the node has now, and the password in its proxies' URLs.
func (w *World) secrets() []string {
	w.T.Helper()
	all := append([]string{proxyPassword}, w.tokensAndKeys()...)
	if len(all) != 6 {
		w.T.Fatalf("%d tokens and keys are there, want 5", len(all)-1)
	}
	for _, s := range all {
		if len(s) < 16 {
			w.T.Fatalf("%q is too short to be looked for", s)
		}
	}
	return all
}

// wantNowhereElse looks for secrets in all that the charm wrote, logged, showed and passed to programs.
func (w *World) wantNowhereElse(secrets []string) {
	w.T.Helper()
	for path := range w.find(w.Root, secrets) {
		name := strings.TrimPrefix(path, w.Root)
		info, err := os.Stat(path)
		w.must(err)
		mode, allowed := secretPlaces[name]
		switch {
		case !allowed:
			w.T.Errorf("%s holds a secret", name)
		case info.Mode().Perm() != mode:
			w.T.Errorf("%s holds a secret and has mode %04o, want %04o", name, info.Mode().Perm(), mode)
		}
	}
	records, err := json.Marshal(w.hooks(0))
	w.must(err)
	report, err := os.ReadFile(filepath.Join(filepath.Dir(w.Root), "report"))
	w.must(err)
	texts := map[string]string{
		"the log": w.Log(), "a status": strings.Join(w.Shown(), "\n"), "a program's arguments": strings.Join(w.Programs(), "\n"),
		"a hook's record": string(records), "the report": string(report),
	}
	for _, r := range w.Juju.Status().Relations {
		if !slices.Contains(r.Units, Unit) {
			continue
		}
		bag, err := w.Juju.Bag(r.ID, Unit)
		w.must(err)
		text, err := json.Marshal(bag)
		w.must(err)
		texts[fmt.Sprintf("the unit's own data on %v", r.Endpoints)] = string(text)
	}
	for place, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				w.T.Errorf("%s holds a secret (%.4s…)", place, secret)
			}
		}
	}
}

// Fault 16: passwords and tokens in argv and in the state file.
func TestSecretsAreNowhereButInTheFilesOfTheirReaders(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"tokens in the relation":              {Wire: "old", Juju: "2.9"},
		"tokens in a secret":                  {Wire: "new", Juju: "3.6"},
		"hook tools as processes":             {Wire: "new", Juju: "3.6", Exec: true},
		"docker and arguments key by key":     {Wire: "old", Config: map[string]string{"channel": "1.12/stable"}},
		"docker and arguments in one, Juju 4": {Wire: "both", Juju: "4.0", Config: map[string]string{"channel": "1.23/stable"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := map[string]string{
				"http_proxy": "http://user:" + proxyPassword + "@proxy.test:3128", "https_proxy": "http://user:" + proxyPassword + "@proxy.test:3129",
			}
			for k, v := range o.Config {
				config[k] = v
			}
			o.Config = config
			w := New(t, o)
			w.release("1.12/stable", "1.12.1")
			w.release("1.23/stable", "1.23.17")
			w.DeployWorker()
			w.DeployCompanions()
			w.Relate()
			w.Settle()
			w.WantStatus("active", running)
			known := w.secrets()
			if found := w.find(w.Root, []string{proxyPassword}); len(found) == 0 {
				t.Fatal("the proxy is in no file: nothing is shown by looking for it")
			}

			// A token that another user of the cluster could have is nobody's on this machine.
			w.add("stand-in", "tokens", "tokens", "endpoints", "tokens:tokens:provider")
			w.Settle()
			other, err := w.Juju.FindRelation("kubernetes-worker:tokens", "stand-in:tokens")
			w.must(err)
			for _, token := range []string{`"` + otherToken + `"`, `"` + otherToken + `\r\nX: 1"`, `["` + otherToken + `"]`} {
				w.must(w.Juju.SetBag(other, "stand-in/0", map[string]string{"tokens": `{"system:cos:worker-0": ` + token + `}`}))
				w.Settle()
				w.WantStatus("active", running)
			}
			known = append(known, otherToken)

			// What goes wrong is told, and telling is where secrets get out.
			w.companion("easyrsa", map[string]string{"renew": "1"})
			known = append(known, w.secrets()...)
			for _, bad := range []string{"http://user:" + proxyPassword + "@proxy.test:x", "ftp://" + proxyPassword + "@x", proxyPassword + "\n" + proxyPassword, "http://" + proxyPassword + "@"} {
				w.Config(map[string]string{"http_proxy": bad})
				w.WantStatus("blocked", "http_proxy: …")
			}
			w.Config(map[string]string{"http_proxy": config["http_proxy"]})
			w.WantStatus("active", running)
			for _, status := range []int{401, 403, 500} {
				w.API[0].Fail(status)
				w.UpdateStatus()
			}
			w.API[0].Fail(0)
			kubelet, client := known[2], known[1]
			w.spoil(junk{endpoint: "kube-control", values: map[string]string{
				"creds": `{"system:node:worker-0": {"kubelet_token": "` + kubelet + ` x", "client_token": "` + client + `", "proxy_token": 1}`,
			}})
			key := w.Read("/root/cdk/server.key")
			w.spoil(junk{endpoint: "certificates", values: map[string]string{"ca": key, unitKey + ".server.cert": key, "client.cert": key}})
			w.UpdateStatus()
			w.mend(junk{endpoint: "kube-control"})
			w.mend(junk{endpoint: "certificates"})
			w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
			w.Settle()
			w.WantStatus("active", running)
			known = append(known, w.secrets()...)
			slices.Sort(known)
			w.wantNowhereElse(slices.Compact(known))
		})
	}
}

// A proxy's password is not remembered, so a bad value has no last good one to act in its place: what runs stays.
func TestABadProxyAfterOneWithAPasswordLeavesTheRuntimeAsItWas(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"http_proxy": "http://user:" + proxyPassword + "@proxy.test:3128"}})
	before := w.Traces()
	for _, bad := range []string{"ftp://proxy.test", "http://user:" + proxyPassword + "@proxy.test:x"} {
		w.Config(map[string]string{"http_proxy": bad})
		w.WantStatus("blocked", "http_proxy: …")
		w.UpdateStatus()
		w.WantUntouched(before)
	}
	w.Config(map[string]string{"http_proxy": "http://user:" + proxyPassword + "@proxy.test:3128"})
	w.WantStatus("active", running)
	w.WantUntouched(before)
	if state := w.Read("/var/lib/juju/agents/unit-kubernetes-worker-0/charm/.kubernetes-worker-state.json"); strings.Contains(state, proxyPassword) {
		t.Error("the state file holds the password")
	}
}

func TestTheStateFileIsForRootAlone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	info, err := os.Stat(filepath.Join(w.Root, "var/lib/juju/agents/unit-kubernetes-worker-0/charm/.kubernetes-worker-state.json"))
	w.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o", info.Mode().Perm())
	}
}
