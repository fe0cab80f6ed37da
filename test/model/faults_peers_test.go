package model

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// Measured faults, as in faults_test.go: those that have to do with the peers.

// Fault 3: of several API servers one is picked at random each time.
func TestTheAPIServerIsChosenOnceAndKeptWhileItIsListed(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Servers: 3})
	chosen := w.Server("/root/cdk/kubeconfig")
	check := func(when, want string) {
		t.Helper()
		for _, path := range []string{"/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig", "/root/.kube/config", "/home/ubuntu/.kube/config"} {
			if got := w.Server(path); got != want {
				t.Errorf("%s: %s names %s, want %s", when, path, got, want)
			}
		}
		if args := w.Read("/var/snap/kube-proxy/current/args"); !strings.Contains(args, `--master="`+want+`"`) {
			t.Errorf("%s: kube-proxy has %s, want %s", when, args, want)
		}
	}
	check("joined", chosen)
	// Unrelated options do not move the node.
	since := w.starts()
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=50"})
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=51"})
	check("another option", chosen)
	w.WantStarts(since, starts{kubelet: 2})

	// A server that is not ours goes, and comes back: no reason to touch anything.
	before := w.Traces()
	others := slices.DeleteFunc(slices.Clone(w.API), func(a *API) bool { return a.URL() == chosen })
	ours := w.API[slices.IndexFunc(w.API, func(a *API) bool { return a.URL() == chosen })]
	for _, list := range [][]string{
		{ours.HostPort(), others[0].HostPort(), ours.HostPort()},
		{others[0].HostPort(), others[1].HostPort(), ours.HostPort()},
	} {
		w.companion("kubernetes-master", map[string]string{"api-servers": strings.Join(list, ",")})
		w.WantStatus("active", "Kubernetes worker running.")
	}
	w.WantUntouched(before)

	// Ours goes: one move, one restart each.
	since = w.starts()
	w.companion("kubernetes-master", map[string]string{"api-servers": others[0].HostPort()})
	w.WantStatus("active", "Kubernetes worker running.")
	check("ours is gone", others[0].URL())
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
}

// Fault 6: nobody is told of a renewed certificate or authority.
func TestARenewedServerCertificateRestartsTheKubeletAlone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	since, old := w.starts(), w.Read("/root/cdk/server.crt")
	w.companion("easyrsa", map[string]string{"renew": "1"})
	w.WantStatus("active", "Kubernetes worker running.")
	if w.Read("/root/cdk/server.crt") == old {
		t.Fatal("the certificate was not written")
	}
	w.WantStarts(since, starts{kubelet: 1})
}

// Fault 6: nobody is told of a renewed certificate or authority.
func TestANewAuthorityRestartsBothServicesOnce(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	since := w.starts()
	both := w.Read("/root/cdk/ca.crt") + certificateText(t, NewAuthority(t, t.TempDir()))
	w.must(w.Juju.SetBag(w.relation("certificates"), "easyrsa/0", map[string]string{"ca": both}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if w.Read("/root/cdk/ca.crt") != both || w.Read("/usr/local/share/ca-certificates/kubernetes-worker.crt") != both {
		t.Error("the authorities were not written")
	}
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
}

// Fault 7: the server certificate is asked for with the same address twice.
func TestTheServerCertificateIsAskedForWithEachNameOnce(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		w := Joined(t, Options{Juju: juju})
		const want = `["10.0.0.11", "127.0.0.1", "worker-0", "worker-0.example.test"]`
		if got := w.Own("certificates")["sans"]; got != want {
			t.Errorf("Juju %s: sans %s, want %s", juju, got, want)
		}
		block, _ := pem.Decode([]byte(w.Read("/root/cdk/server.crt")))
		cert, err := x509.ParseCertificate(block.Bytes)
		w.must(err)
		names := slices.Clone(cert.DNSNames)
		for _, ip := range cert.IPAddresses {
			names = append(names, ip.String())
		}
		slices.Sort(names)
		if !slices.Equal(slices.Compact(names), []string{"10.0.0.11", "127.0.0.1", "worker-0", "worker-0.example.test"}) {
			t.Errorf("Juju %s: the certificate is for %v", juju, names)
		}
	}
}

// Fault 8: enable-kube-dns=False counts as true.
func TestAClusterWithoutDNSGivesTheKubeletNone(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.DeployWorker()
	w.DeployCompanions()
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"enable-dns": "false"}))
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if config := w.Read("/root/cdk/kubelet/config.yaml"); strings.Contains(config, "clusterDNS") || !strings.Contains(config, "clusterDomain: cluster.local") {
		t.Errorf("configuration:\n%s", config)
	}
	since := w.starts()
	w.companion("kubernetes-master", map[string]string{"enable-dns": "true"})
	if config := w.Read("/root/cdk/kubelet/config.yaml"); !strings.Contains(config, "clusterDNS:\n  - 10.152.183.10") {
		t.Errorf("configuration:\n%s", config)
	}
	w.WantStarts(since, starts{kubelet: 1})
	w.companion("kubernetes-master", map[string]string{"enable-dns": "false"})
	if config := w.Read("/root/cdk/kubelet/config.yaml"); strings.Contains(config, "clusterDNS") {
		t.Errorf("configuration:\n%s", config)
	}
	w.WantStarts(since, starts{kubelet: 2})
}

// Fault 15: labels are tried each second for 180 s while the API is away, then the status is active.
func TestLabelsWithTheAPIAwayAreOneBoundedTry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		away    func(*API)
		message string
	}{
		{"answers 503", func(a *API) { a.Fail(503) }, "Waiting for an API server to answer: cannot get node worker-0: no API server answers: …"},
		{"cuts connections", (*API).Close, "Waiting for an API server to answer: cannot get node worker-0: no API server answers: …"},
	} {
		w := Joined(t, Options{})
		before, ran := w.Traces(), len(w.hooks(0))
		w.API[0].Requests()
		c.away(w.API[0])
		w.Config(map[string]string{"labels": "zone=a"})
		w.WantStatus("waiting", c.message)
		w.WantUntouched(before)
		records := w.hooks(ran)
		if len(records) != 1 || records[0].Wall > 12*time.Second {
			t.Errorf("%s: %d hooks, the first took %s", c.name, len(records), records[0].Wall)
		}
		if n := len(w.API[0].Requests()); n > 2 {
			t.Errorf("%s: %d requests, want one try", c.name, n)
		}
		if c.name == "cuts connections" {
			continue // its port is gone for good
		}
		w.API[0].Fail(0)
		w.UpdateStatus()
		w.WantStatus("active", "Kubernetes worker running.")
		if w.API[0].Labels(w.Node)["zone"] != "a" {
			t.Errorf("%s: the label was not made up for", c.name)
		}
		w.WantUntouched(before)
	}
}

// Fault 28: relation data is written again in every hook, with Juju's own keys copied in.
func TestAUnitWritesOnlyItsOwnKeysAndOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.UpdateStatus()
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=50", "proxy-extra-args": "v=2"})
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
	writes := map[string]int{}
	for _, r := range w.hooks(0) {
		for _, key := range r.Flushed {
			writes[key]++
		}
	}
	for key, n := range writes {
		if n > 1 && !strings.HasSuffix(key, " kubeconfig-hash") {
			t.Errorf("%q was written %d times", key, n)
		}
		for _, foreign := range []string{"private-address", "ingress-address", "egress-subnets"} {
			if strings.HasSuffix(key, " "+foreign) {
				t.Errorf("%q is not ours", key)
			}
		}
	}
	keys := map[string][]string{
		"kube-control":      {"auth_group", "gpu", "kubelet_user", "schema_vers"},
		"certificates":      {"certificate_name", "client_cert_requests", "common_name", "sans", "unit_name"},
		"cni":               {"image-registry", "is_master", "kubeconfig-hash", "kubeconfig_path"},
		"kube-api-endpoint": nil,
	}
	for endpoint, want := range keys {
		bag := w.Own(endpoint)
		for _, own := range []string{"private-address", "ingress-address", "egress-subnets"} {
			delete(bag, own)
		}
		if got := slices.Sorted(maps.Keys(bag)); !slices.Equal(got, want) {
			t.Errorf("%s: keys %v, want %v", endpoint, got, want)
		}
		for _, key := range want {
			if writes[fmt.Sprintf("relation %s:%d %s", endpoint, w.relation(endpoint), key)] == 0 {
				t.Errorf("%s %s is in the bag without having been written: %v", endpoint, key, writes)
			}
		}
	}
}
