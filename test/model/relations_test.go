package model

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
)

// canary is in every junk value; it must never be told.
const canary = "hunter2canary"

// junk is something that a peer can send and that cannot be used.
type junk struct {
	endpoint, name string
	wires          []string // old, new; both if empty
	values         map[string]string
	key            string // the one that the message names; the only one in values if empty
	reason         string // the message's end
	fresh          string // status of a unit that has never heard anything good; it is active if this is empty
}

const unitKey = "kubernetes-worker_0"

// units are the remote units of the endpoints.
func remoteUnit(endpoint string) string {
	return map[string]string{"kube-control": "kubernetes-master/0", "kube-api-endpoint": "kubernetes-master/0", "certificates": "easyrsa/0", "cni": "flannel/0"}[endpoint]
}

func junkOfAll(w *World) []junk {
	huge := canary + strings.Repeat("a", 1<<20)
	leaf, leafKey := pair(w, false, time.Now().Add(time.Hour))
	_, otherKey := pair(w, false, time.Now().Add(time.Hour))
	notPEM := "-----BEGIN CERTIFICATE-----\n" + canary + "\n-----END CERTIFICATE-----\n"
	answer := func(cert, key string) string {
		return fmt.Sprintf(`{"system:kubelet": {"cert": %q, "key": %q}}`, cert, key)
	}
	const waitsForCA = "Waiting for certificates: "
	const waitsForNetwork = "Waiting for the pod network: "
	const waitsForServers = "Waiting for API servers: "
	const waitsForTokens = "Waiting for credentials: "
	const waitsForDomain = "Waiting for the cluster's domain: "
	creds := func(entry string) string { return `{"system:node:worker-0": ` + entry + `}` }
	list := []junk{
		{endpoint: "kube-control", name: "wrong JSON", values: map[string]string{"creds": `{"` + canary}, reason: "is not a JSON object", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "a JSON list", values: map[string]string{"creds": `["` + canary + `"]`}, reason: "is not a JSON object", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "an entry of the wrong type", values: map[string]string{"creds": creds(`"` + canary + `"`)}, reason: "the entry of this node is not a JSON object", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "tokens missing", values: map[string]string{"creds": creds(`{"kubelet_token": "` + canary + `"}`)}, reason: "the entry of this node lacks tokens", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "a token that is a number", values: map[string]string{"creds": creds(`{"kubelet_token": 5, "proxy_token": "` + canary + `", "client_token": "` + canary + `"}`)}, reason: "kubelet_token of this node's entry is not a string", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "a token with a line break", values: map[string]string{"creds": creds(`{"kubelet_token": "` + canary + `\n  server: evil", "proxy_token": "x", "client_token": "x"}`)}, reason: "kubelet_token of this node's entry has characters that no token has", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "huge tokens", values: map[string]string{"creds": creds(`{"kubelet_token": "` + huge + `", "proxy_token": "x", "client_token": "x"}`)}, reason: "kubelet_token of this node's entry is too long for a token", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "null for credentials", values: map[string]string{"creds": "null"}, fresh: waitsForTokens},
		{endpoint: "kube-control", name: "no credentials", values: map[string]string{"creds": ""}, fresh: waitsForTokens},
		{endpoint: "kube-control", name: "a secret's name that is an option", values: map[string]string{"creds": creds(`{"secret-id": "--` + canary + `"}`)}, reason: "secret-id of this node's entry is not the name of a secret", fresh: waitsForTokens},
		{endpoint: "kube-control", name: "DNS neither on nor off", values: map[string]string{"enable-kube-dns": canary}, reason: "is neither True nor False", fresh: "Waiting for cluster DNS."},
		{endpoint: "kube-control", name: "nothing about DNS", values: map[string]string{"enable-kube-dns": "", "sdn-ip": "", "domain": ""}, fresh: "Waiting for cluster DNS."},
		{endpoint: "kube-control", name: "a domain with shell characters", values: map[string]string{"domain": "cluster.local; touch /tmp/" + canary}, reason: "is not a DNS name", fresh: waitsForDomain},
		{endpoint: "kube-control", name: "a domain of two lines", values: map[string]string{"domain": "cluster.local\nauthentication: " + canary}, reason: "is not a DNS name", fresh: waitsForDomain},
		{endpoint: "kube-control", name: "a huge domain", values: map[string]string{"domain": huge}, reason: "is not a DNS name", fresh: waitsForDomain},
		{endpoint: "kube-control", name: "a domain that is no UTF-8", values: map[string]string{"domain": "\xff\xfe" + canary}, reason: "is not a DNS name", fresh: waitsForDomain},
		{endpoint: "kube-control", name: "no domain", values: map[string]string{"domain": ""}, fresh: waitsForDomain},
		{endpoint: "kube-control", name: "an address of DNS that is none", values: map[string]string{"sdn-ip": "10.1.2.3 " + canary}, reason: "is not an IP address or a list of them"},
		{endpoint: "kube-control", name: "a registry with blanks", wires: []string{"new"}, values: map[string]string{"registry-location": "registry.test/" + canary + " --privileged"}, reason: "is not a prefix of image names"},
		{endpoint: "kube-control", name: "a registry that leads elsewhere", wires: []string{"new"}, values: map[string]string{"registry-location": "../../" + canary + "\n[plugins]"}, reason: "is not a prefix of image names"},
		{endpoint: "kube-control", name: "a tag with control characters", values: map[string]string{"cluster-tag": "kubernetes\x1b[2J" + canary}, reason: "is not a tag that clouds accept"},
		{endpoint: "kube-control", name: "servers that are no list", wires: []string{"new"}, values: map[string]string{"api-endpoints": `{"a": "` + canary + `"}`}, reason: "is not a JSON list"},
		{endpoint: "kube-control", name: "servers that are no URLs", wires: []string{"new"}, values: map[string]string{"api-endpoints": `["http://` + canary + `:1", 5, null]`}, reason: "has an entry that is not the https URL of a server"},
		{endpoint: "kube-control", name: "a network's name that is an object", wires: []string{"new"}, values: map[string]string{"default-cni": `{"` + canary + `": 1}`}, reason: "is not an application's name"},

		{endpoint: "kube-api-endpoint", name: "a port that is none", wires: []string{"old"}, values: map[string]string{"port": "6443 " + canary}, reason: "is not a port from 1 to 65535", fresh: waitsForServers},
		{endpoint: "kube-api-endpoint", name: "no port", wires: []string{"old"}, values: map[string]string{"port": ""}, fresh: waitsForServers},
		{endpoint: "kube-api-endpoint", name: "hosts with shell characters", wires: []string{"old"}, values: map[string]string{"hostname": "$(" + canary + ")", "private-address": "$(" + canary + ")"}, key: "hostname", reason: "is neither a host name nor an address", fresh: waitsForServers},
		{endpoint: "kube-api-endpoint", name: "hosts of two lines", wires: []string{"old"}, values: map[string]string{"hostname": "10.0.0.1\n  token: " + canary, "private-address": "\x00"}, key: "hostname", reason: "is neither a host name nor an address", fresh: waitsForServers},
		{endpoint: "kube-api-endpoint", name: "huge hosts", wires: []string{"old"}, values: map[string]string{"hostname": huge, "private-address": huge}, key: "hostname", reason: "is neither a host name nor an address", fresh: waitsForServers},
		{endpoint: "kube-api-endpoint", name: "extended data that is no JSON", values: map[string]string{"extended_data": `[{"hostname": "` + canary}, reason: "is not a JSON list"},
		{endpoint: "kube-api-endpoint", name: "extended data of the wrong type", values: map[string]string{"extended_data": `[{"hostname": ["` + canary + `"], "port": true}]`}, reason: "has an entry whose hostname is of the wrong type"},

		{endpoint: "certificates", name: "a CA that is no PEM", values: map[string]string{"ca": canary}, reason: "holds no certificate in PEM form", fresh: waitsForCA},
		{endpoint: "certificates", name: "a CA that cannot be parsed", values: map[string]string{"ca": strings.Replace(notPEM, canary, "aHVudGVyMmNhbmFyeQ==", 1)}, reason: "holds a certificate that cannot be parsed", fresh: waitsForCA},
		{endpoint: "certificates", name: "a huge CA that is none", values: map[string]string{"ca": huge}, reason: "holds no certificate in PEM form", fresh: waitsForCA},
		{endpoint: "certificates", name: "a CA that is a leaf", values: map[string]string{"ca": leaf}, reason: "holds no certificate of an authority, only of somebody else", fresh: waitsForCA},
		{endpoint: "certificates", name: "a CA with a private key", values: map[string]string{"ca": leaf + leafKey}, reason: "holds a private key where only certificates belong", fresh: waitsForCA},
		{endpoint: "certificates", name: "no CA", values: map[string]string{"ca": ""}, fresh: waitsForCA},
		{endpoint: "certificates", name: "a server certificate that is none", values: map[string]string{unitKey + ".server.cert": notPEM}, reason: "the certificate's text holds no certificate in PEM form", fresh: waitsForCA},
		{endpoint: "certificates", name: "another's key", values: map[string]string{unitKey + ".server.cert": leaf, unitKey + ".server.key": otherKey}, key: unitKey + ".server.cert", reason: "the certificate and the private key do not belong together", fresh: waitsForCA},
		{endpoint: "certificates", name: "a key that is none", values: map[string]string{unitKey + ".server.key": canary}, key: unitKey + ".server.cert", reason: "the key's text holds no private key in PEM form", fresh: waitsForCA},
		{endpoint: "certificates", name: "a server certificate without its key", values: map[string]string{unitKey + ".server.key": ""}, key: unitKey + ".server.cert", reason: "there is a certificate without its private key", fresh: waitsForCA},
		{endpoint: "certificates", name: "client certificates that are none", values: map[string]string{"client.cert": canary, unitKey + ".processed_client_requests": answer(canary, canary)}, key: unitKey + ".processed_client_requests", reason: "the certificate's text holds no certificate in PEM form", fresh: waitsForCA},
		{endpoint: "certificates", name: "answers that are no JSON", values: map[string]string{"client.cert": "", "client.key": "", unitKey + ".processed_client_requests": "{" + canary}, key: unitKey + ".processed_client_requests", reason: "is not a JSON object", fresh: waitsForCA},
		{endpoint: "certificates", name: "an answer of the wrong type", values: map[string]string{"client.cert": "", "client.key": "", unitKey + ".processed_client_requests": `{"system:kubelet": ["` + canary + `"]}`}, key: unitKey + ".processed_client_requests", reason: "the entry of this unit is not a JSON object", fresh: waitsForCA},

		{endpoint: "cni", name: "a network that is none", values: map[string]string{"cidr": "10.1.0.0/16; " + canary}, reason: "is not a network in CIDR notation or a list of them", fresh: waitsForNetwork},
		{endpoint: "cni", name: "a network of two lines", values: map[string]string{"cidr": "10.1.0.0/16\n--" + canary}, reason: "is not a network in CIDR notation or a list of them", fresh: waitsForNetwork},
		{endpoint: "cni", name: "a huge network", values: map[string]string{"cidr": huge}, reason: "is not a network in CIDR notation or a list of them", fresh: waitsForNetwork},
		{endpoint: "cni", name: "no network", values: map[string]string{"cidr": ""}, fresh: waitsForNetwork},
		{endpoint: "cni", name: "a file that lies elsewhere", wires: []string{"new"}, values: map[string]string{"cni-conf-file": "../../../root/" + canary + ".conf"}, reason: "is not a plain file name"},
		{endpoint: "cni", name: "a file of another kind", wires: []string{"new"}, values: map[string]string{"cni-conf-file": canary + ".sh"}, reason: "does not end in .conf, .conflist or .json"},
		{endpoint: "cni", name: "a file with a line break", wires: []string{"new"}, values: map[string]string{"cni-conf-file": "a\n" + canary + ".conf"}, reason: "is not a plain file name"},
		{endpoint: "cni", name: "the link itself", wires: []string{"new"}, values: map[string]string{"cni-conf-file": "01-default.conflist"}, reason: "is the name of the link to the default configuration"},
	}
	for i := range list {
		if keys := slices.Collect(maps.Keys(list[i].values)); list[i].key == "" && len(keys) == 1 {
			list[i].key = keys[0]
		}
		if len(list[i].wires) == 0 {
			list[i].wires = []string{"old", "new"}
		}
	}
	return list
}

// message is the line of the log about a junk value; empty where there is nothing to say.
func (j junk) message() string {
	if j.reason == "" {
		return ""
	}
	return fmt.Sprintf("cannot use %s data of %s, key %q: %s", j.endpoint, remoteUnit(j.endpoint), j.key, j.reason)
}

// pair makes a certificate and its key as PEM texts, signed by the world's authority.
func pair(w *World, authority bool, until time.Time) (cert, key string) {
	w.T.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(99), Subject: pkix.Name{CommonName: "10.0.0.11"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IsCA: authority, BasicConstraintsValid: authority,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, w.CA.cert, private.Public(), w.CA.key)
	w.must(err)
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("CERTIFICATE", der), text("EC PRIVATE KEY", encodeKey(w.T, private))
}

// spoil puts junk into the bag of its unit and runs the hooks that follow.
func (w *World) spoil(j junk) {
	w.T.Helper()
	w.must(w.Juju.SetBag(w.relation(j.endpoint), remoteUnit(j.endpoint), j.values))
	w.Settle()
}

// mend takes the junk back.
func (w *World) mend(j junk) {
	w.T.Helper()
	w.must(w.Juju.ClearBag(w.relation(j.endpoint), remoteUnit(j.endpoint)))
	w.Settle()
}

func TestJunkFromAPeerLeavesARunningNodeAsItWas(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"kube-control", "kube-api-endpoint", "certificates", "cni"} {
		for _, wire := range []string{"old", "new"} {
			t.Run(endpoint+" "+wire, func(t *testing.T) {
				t.Parallel()
				w := Joined(t, Options{Wire: wire})
				before := w.Traces()
				for _, j := range junkOfAll(w) {
					if j.endpoint != endpoint || !slices.Contains(j.wires, wire) {
						continue
					}
					told := w.Warned(j.message())
					w.spoil(j)
					w.UpdateStatus()
					w.WantStatus("active", "Kubernetes worker running.")
					if n := w.Warned(j.message()) - told; j.reason != "" && n != 1 {
						w.dump()
						t.Errorf("%s: %q was logged %d times, want once", j.name, j.message(), n)
					}
					w.WantUntouched(before)
					w.mend(j)
					w.WantStatus("active", "Kubernetes worker running.")
					w.WantUntouched(before)
				}
				if strings.Contains(w.Log(), canary) || strings.Contains(strings.Join(w.Shown(), "\n"), canary) {
					t.Error("a value was told")
				}
			})
		}
	}
}

// lacks is what a fresh unit does not get because of the junk.
func (j junk) lacks() string {
	switch {
	case j.endpoint != "certificates":
		return j.fresh
	case j.key == "ca":
		return "authority"
	case strings.Contains(j.key, ".server."):
		return "server certificate"
	}
	return "client certificate"
}

func TestJunkFromAPeerIsWaitedOutByAFreshUnit(t *testing.T) {
	t.Parallel()
	for _, wire := range []string{"old", "new"} {
		byLack := map[string][]junk{}
		for _, j := range junkOfAll(New(t, Options{})) {
			if j.fresh != "" && slices.Contains(j.wires, wire) {
				byLack[j.lacks()] = append(byLack[j.lacks()], j)
			}
		}
		for lack, cases := range byLack {
			t.Run(wire+" "+lack, func(t *testing.T) {
				t.Parallel()
				w := New(t, Options{Wire: wire})
				w.DeployWorker()
				w.DeployCompanions()
				w.Relate()
				// The first junk is there before the unit reads anything; each that follows takes its place.
				for w.Juju.SetBag(w.relation(cases[0].endpoint), remoteUnit(cases[0].endpoint), cases[0].values) != nil {
					// A subordinate comes with the first hooks.
					if ran, err := w.Juju.Step(t.Context()); err != nil || !ran {
						t.Fatal(ran, err)
					}
				}
				for _, j := range cases {
					w.must(w.Juju.ClearBag(w.relation(j.endpoint), remoteUnit(j.endpoint)))
					w.spoil(j)
					want := j.fresh
					switch {
					case j.fresh == "Waiting for cluster DNS.":
					case j.reason != "":
						want += j.message()
					default:
						want += "…"
					}
					w.WantStatus("waiting", want)
					if j.reason != "" && w.Warned(j.message()) == 0 {
						t.Errorf("%s: %q was not logged", j.name, j.message())
					}
					if n := w.Restarts(Kubelet); n != 0 {
						t.Fatalf("%s: kubelet was started %d times", j.name, n)
					}
				}
				w.mend(cases[0])
				w.WantStatus("active", "Kubernetes worker running.")
				if got := w.starts(); got.kubelet != 1 || got.proxy != 1 {
					t.Errorf("started %+v, want each once", got)
				}
				if strings.Contains(w.Log(), canary) || strings.Contains(strings.Join(w.Shown(), "\n"), canary) {
					t.Error("a value was told")
				}
				for path := range w.find(w.Root, []string{canary}) {
					t.Errorf("%s holds a junk value", path)
				}
			})
		}
	}
}

func TestAnExpiredCertificateDoesNotTakeTheGoodOnesPlace(t *testing.T) {
	t.Parallel()
	yesterday := time.Now().Add(-24 * time.Hour)
	w := Joined(t, Options{Wire: "old"})
	before, id := w.Traces(), w.relation("certificates")
	cert, key := pair(w, false, yesterday)
	ca, _ := pair(w, true, yesterday)
	w.must(w.Juju.SetBag(id, "easyrsa/0", map[string]string{
		"ca": ca, unitKey + ".server.cert": cert, unitKey + ".server.key": key, "client.cert": cert, "client.key": key,
	}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantUntouched(before)
	for _, name := range []string{"ca", unitKey + ".server.cert", "client.cert"} {
		message := fmt.Sprintf("cannot use certificates data of easyrsa/0, key %q: the certificate expired on %s, and is used only until there is a better one", name, yesterday.UTC().Format(time.DateOnly))
		if w.Warned(message) != 1 {
			w.dump()
			t.Errorf("not logged once: %s", message)
		}
	}
	w.must(w.Juju.ClearBag(id, "easyrsa/0"))
	w.Settle()
	w.WantUntouched(before)
}

// A secret with the tokens that cannot be read is as bad as tokens that are none.
func TestASecretThatCannotBeReadLeavesARunningNodeAsItWas(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Wire: "new"})
	before := w.Traces()
	w.must(w.Juju.SetBag(w.relation("kube-control"), "kubernetes-master/0", map[string]string{
		"creds": `{"system:node:worker-0": {"scope": "kubernetes-worker/0", "secret-id": "secret:c0000000000000000000"}}`,
	}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantUntouched(before)
	if !strings.Contains(w.Log(), `WARNING unit.kubernetes-worker/0.juju-log kube-control:1: cannot use kube-control data, key "creds": its secret cannot be read: `) {
		w.dump()
		t.Error("the reason is not in the log")
	}
	w.must(w.Juju.ClearBag(w.relation("kube-control"), "kubernetes-master/0"))
	w.Settle()
	w.WantUntouched(before)
}

func TestAControlPlaneThatComesBackElsewhereIsFollowed(t *testing.T) {
	t.Parallel()
	for _, wire := range []string{"old", "new"} {
		t.Run(wire, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Wire: wire})
			before, since := w.Traces(), w.starts()
			for _, endpoint := range []string{"kube-control", "kube-api-endpoint"} {
				w.must(w.Juju.RemoveRelation("kubernetes-worker:"+endpoint, "kubernetes-master:"+endpoint))
			}
			w.Settle()
			w.WantStatus("blocked", "Relate kubernetes-worker:kube-control kubernetes-master:kube-control")
			w.UpdateStatus()
			w.WantUntouched(before)

			other := StartAPI(t, w.CA, "127.0.0.2")
			other.Registered = w.kubeletStarts
			w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"api-servers": other.HostPort()}))
			for _, endpoint := range []string{"kube-control", "kube-api-endpoint"} {
				_, err := w.Juju.Integrate("kubernetes-worker:"+endpoint, "kubernetes-master:"+endpoint)
				w.must(err)
			}
			w.Settle()
			w.WantStatus("active", "Kubernetes worker running.")
			for _, path := range []string{"/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig", "/root/.kube/config", "/home/ubuntu/.kube/config"} {
				if got := w.Server(path); got != other.URL() {
					t.Errorf("%s names %s, want %s", path, got, other.URL())
				}
			}
			w.WantStarts(since, starts{kubelet: 1, proxy: 1})
		})
	}
}

func TestTheFirstAPIServerThatIsSlowOrAnswers5xxDoesNotHoldUpTheNode(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Servers: 2})
	before := w.Traces()
	for _, a := range w.API {
		a.Fail(500)
		w.UpdateStatus()
		w.WantStatus("active", "Kubernetes worker running.")
		a.Fail(0)
	}
	for _, a := range w.API {
		a.Fail(503)
	}
	w.UpdateStatus()
	w.WantStatus("waiting", "Waiting for an API server to answer: cannot get node worker-0: no API server answers: …")
	for _, a := range w.API {
		a.Fail(0)
	}
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantUntouched(before)
}

// A control plane that keeps tokens in secrets changes them there: nothing in the relation's data changes.
func TestTokensThatChangeInASecretReachTheNode(t *testing.T) {
	t.Parallel()
	for _, juju := range []string{"3.6", "4.0"} {
		t.Run(juju, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Juju: juju, Wire: "new"})
			before, bag := w.secrets(), w.bagOf("kube-control")
			if strings.Contains(bag["creds"], before[1]) || !strings.Contains(bag["creds"], "secret:") {
				t.Fatalf("the tokens are in the relation: %v", bag)
			}
			since, hooks := w.starts(), len(w.hooks(0))
			otherTokens(w)
			w.Settle()
			w.WantStatus("active", running)
			after := w.secrets()
			for i, file := range []string{"", "/root/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig"} {
				if file != "" && before[i] == after[i] {
					t.Errorf("%s has the token from before", file)
				}
			}
			w.WantStarts(since, starts{kubelet: 1, proxy: 1})
			var ran []string
			for _, r := range w.hooks(hooks) {
				ran = append(ran, r.Name())
			}
			if !slices.Equal(ran, []string{"secret-changed"}) || !maps.Equal(bag, w.bagOf("kube-control")) {
				t.Errorf("hooks %q ran; the relation holds %v", ran, w.bagOf("kube-control"))
			}
		})
	}
}

// bagOf is what the unit at the other end says.
func (w *World) bagOf(endpoint string) map[string]string {
	w.T.Helper()
	bag, err := w.Juju.Bag(w.relation(endpoint), remoteUnit(endpoint))
	w.must(err)
	return bag
}

func TestOfTwoPodNetworksTheOneThatTheControlPlaneNamesIsTheDefault(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Wire: "new"})
	link := func() string {
		t.Helper()
		target, err := os.Readlink(filepath.Join(w.Root, "etc/cni/net.d/01-default.conflist"))
		w.must(err)
		return filepath.Base(target)
	}
	want := func(when, file, cidr string) {
		t.Helper()
		w.WantStatus("active", running)
		if got := link(); got != file {
			t.Errorf("%s: the default is %s, want %s", when, got, file)
		}
		if args := w.Read("/var/snap/kube-proxy/current/args"); !strings.Contains(args, `--cluster-cidr="`+cidr+`"`) {
			t.Errorf("%s: kube-proxy has %s, want network %s", when, args, cidr)
		}
	}
	want("one network", "10-flannel.conflist", "10.1.0.0/16")
	w.Companion("kubernetes-master", map[string]string{"default-cni": "flannel"})
	before := w.Traces()
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:flannel", App: "calico", Config: map[string]string{"cidr": "10.9.0.0/16", "conf-file": "10-calico.conflist", "wire": "new"}}))
	_, err := w.Juju.Integrate("kubernetes-worker:cni", "calico:cni")
	w.must(err)
	w.Settle()
	want("another network beside it", "10-flannel.conflist", "10.1.0.0/16")
	after := w.Traces()
	delete(after, "/etc/cni/net.d/10-calico.conflist")
	if differences(before, after) != nil {
		t.Errorf("another network that is not the default changed %s", strings.Join(differences(before, after), "\n"))
	}
	since := w.starts()
	w.Companion("kubernetes-master", map[string]string{"default-cni": "calico"})
	want("the control plane names the other", "10-calico.conflist", "10.9.0.0/16")
	w.WantStarts(since, starts{proxy: 1})
	w.Companion("kubernetes-master", map[string]string{"default-cni": "flannel"})
	want("the control plane names the first", "10-flannel.conflist", "10.1.0.0/16")
	w.must(w.Juju.RemoveRelation("kubernetes-worker:cni", "flannel:cni"))
	w.Settle()
	want("the named one is gone", "10-calico.conflist", "10.9.0.0/16")
}
