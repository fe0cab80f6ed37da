package model

import (
	"context"
	"path/filepath"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/snapd/snapdtest"
)

// Scenario is a story of one worker, told in steps. The generic tests (run twice, killed anywhere) take each step of each
// scenario as their case, so a new scenario is tested by all of them.
type Scenario struct {
	Name    string
	Options Options
	// Steps follow each other; the machine is settled after each.
	Steps []Step
}

// Step changes the model or the machine.
type Step struct {
	Name string
	Do   func(w *World)
	// Status and Message are what the unit comes to, as WantStatus takes them; empty for the usual active.
	Status, Message string
	// Gone says that the unit does not exist any more afterwards.
	Gone bool
}

// Begin makes the world of a scenario; no step is done.
func (s Scenario) Begin(w *World) {
	w.must(w.publish(DockerChannel, "1.23.17"))
	w.must(w.publish(CrossedChannel, "1.24.17"))
	w.must(w.publish(AncientChannel, "1.12.10"))
	w.must(w.publish(RawChannel, "1.16.15"))
}

// Run does a step, lets the hooks run and looks at the status.
func (s Step) Run(w *World) {
	w.T.Helper()
	s.Do(w)
	w.Settle()
	s.Check(w)
}

// Check looks at what the unit came to.
func (s Step) Check(w *World) {
	w.T.Helper()
	switch {
	case s.Gone:
	case s.Status == "":
		w.WantStatus("active", "Kubernetes worker running.")
	default:
		w.WantStatus(s.Status, s.Message)
	}
}

// Channels of releases that work with docker; the ancient one takes its arguments key by key.
const (
	DockerChannel  = "1.23/stable"
	CrossedChannel = "1.24/stable" // the first that does not
	AncientChannel = "1.12/stable"
	RawChannel     = "1.16/stable" // takes them in one text
)

func join() Step {
	return Step{Name: "join", Do: func(w *World) {
		w.DeployWorker()
		w.DeployCompanions()
		w.Relate()
	}}
}

// option is a step that sets options of the worker, given as name, value, name, value.
func option(pairs ...string) Step {
	return set("kubernetes-worker", pairs...)
}

func set(app string, pairs ...string) Step {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	name := app + " " + pairs[0] + "=" + pairs[1]
	return Step{Name: name, Do: func(w *World) { w.must(w.Juju.SetConfig(app, values)) }}
}

func (s Step) ends(status, message string) Step {
	s.Status, s.Message = status, message
	return s
}

// joined is a scenario whose first step is the joining.
func joined(name string, o Options, steps ...Step) Scenario {
	return Scenario{Name: name, Options: o, Steps: append([]Step{join()}, steps...)}
}

// pending is the status of a unit that waits for the operator's word.
const pendingMessage = "Needs manual upgrade, run the upgrade action"

// scenarios are all stories.
func scenarios() []Scenario {
	docker := map[string]string{"channel": DockerChannel}
	ancient := map[string]string{"channel": AncientChannel}
	all := []Scenario{
		joined("kubernetes 1.23 with docker", Options{Config: docker},
			option("docker-opts", "--log-level=warn", "http_proxy", "http://me:"+proxyPassword+"@proxy.test:3128", "no_proxy", "10.0.0.0/8"),
			option("docker-opts", "")),
		joined("kubernetes 1.12 with docker, arguments key by key", Options{Config: ancient, Wire: "old"},
			option("kubelet-extra-args", "v=3"),
			option("kubelet-extra-args", "")),
		joined("arguments change their form", Options{Config: ancient, Wire: "old"},
			option("channel", RawChannel).ends("blocked", pendingMessage),
			Step{Name: "action upgrade", Do: upgradeAction}),
		joined("one kubelet option", Options{}, option("kubelet-extra-config", "{maxPods: 50}")),
		joined("arguments of kubelet", Options{}, option("kubelet-extra-args", "v=3"), option("kubelet-extra-args", "")),
		joined("arguments of kube-proxy", Options{}, option("proxy-extra-args", "v=3")),
		joined("labels", Options{}, option("labels", "a=1 b=2"), option("labels", "a=3")),
		joined("proxies", Options{}, option("http_proxy", "http://me:"+proxyPassword+"@proxy.test:3128", "https_proxy", "http://me:"+proxyPassword+"@proxy.test:3128", "no_proxy", "10.0.0.0/8"),
			option("http_proxy", "", "https_proxy", "", "no_proxy", "")),
		joined("another API server", Options{}, Step{Name: "another API server", Do: anotherServer()}),
		joined("certificate renewed", Options{}, set("easyrsa", "renew", "1")),
		joined("another authority", Options{}, Step{Name: "another authority", Do: anotherAuthority()}),
		joined("other credentials in the relation", Options{Juju: "2.9", Wire: "old"}, Step{Name: "other tokens", Do: otherTokens}),
		joined("other credentials in a secret", Options{Wire: "new"}, Step{Name: "other tokens", Do: otherTokens}),
		joined("another pod network", Options{}, set("flannel", "cidr", "10.2.0.0/16")),
		joined("upgrade with nothing new", Options{}, Step{Name: "upgrade", Do: func(w *World) {
			w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
		}}),
		joined("channel with the operator's word", Options{},
			option("channel", "1.29/stable").ends("blocked", pendingMessage),
			option("channel", Channel),
			option("channel", "1.29/stable").ends("blocked", pendingMessage),
			Step{Name: "action upgrade", Do: upgradeAction}),
		joined("channel by itself", Options{Config: map[string]string{"require-manual-upgrade": "false"}}, option("channel", "1.29/stable")),
		joined("from docker to containerd", Options{Config: docker},
			Step{Name: "pods", Do: onDocker},
			option("channel", CrossedChannel).ends("blocked", pendingMessage),
			Step{Name: "action upgrade", Do: upgradeAction}),
		joined("snaps attached", Options{Config: map[string]string{"require-manual-upgrade": "false"}},
			Step{Name: "attach kubelet", Do: attach("kubelet", "1.28.9")},
			Step{Name: "attach kube-proxy", Do: attach("kube-proxy", "1.28.9")}),
		joined("a node of the charm before", Options{Config: ancient, Wire: "old"}, Step{Name: "refresh", Do: func(w *World) {
			w.LeaveAsForerunner(Forerunner{})
			w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
		}}),
		joined("reboot", Options{}, Step{Name: "reboot", Do: reboot}),
		leaving(),
		sweep(),
	}
	for _, juju := range generations() {
		for _, wire := range []string{"old", "new"} {
			all = append(all, joined("join "+juju+" "+wire, Options{Juju: juju, Wire: wire}))
		}
	}
	all = append(all, joined("join with tools as processes", Options{Exec: true}))
	all = append(all, runtimeStories()...)
	all = append(all, originStories()...)
	all = append(all, snapdStories()...)
	all = append(all, neighbourStories()...)
	all = append(all, registryStories()...)
	all = append(all, clusterStories()...)
	all = append(all, pauseStories()...)
	all = append(all, upgradingStories()...)
	all = append(all, cloudStories()...)
	for _, r := range relations() {
		all = append(all, relatedAgain(r))
	}
	return all
}

// relatedAgain removes a relation and makes it again.
func relatedAgain(r [2]string) Scenario {
	remove := Step{Name: "remove " + r[0], Do: func(w *World) { w.must(w.Juju.RemoveRelation(r[0], r[1])) }}
	switch r[0] {
	case "kubernetes-worker:kube-control":
		remove = remove.ends("blocked", "Relate kubernetes-worker:kube-control kubernetes-master:kube-control")
	case "kubernetes-worker:certificates":
		remove = remove.ends("waiting", "Missing relation certificates: …")
	case "kubernetes-worker:cni":
		remove = remove.ends("waiting", "Missing relation cni: …")
	}
	again := Step{Name: "relate " + r[0], Do: func(w *World) {
		_, err := w.Juju.Integrate(r[0], r[1])
		w.must(err)
	}}
	// With the new wire the API servers are also in kube-control; with the old one they are only here.
	o := Options{Wire: "new"}
	if r[0] == "kubernetes-worker:kube-api-endpoint" {
		o.Wire = "old"
		remove = remove.ends("waiting", "Missing relation kube-api-endpoint: …")
	}
	return joined("related again "+r[0], o, remove, again)
}

// anotherServer moves the cluster to another API server. It is the same one each time that the step is done.
func anotherServer() func(w *World) {
	var server *API
	return func(w *World) {
		if server == nil {
			server = StartAPI(w.T, w.CA, "")
			server.Registered = w.kubeletStarts
		}
		w.moveTo(server)
	}
}

// anotherAuthority comes with an API server that it has signed.
func anotherAuthority() func(w *World) {
	var ca *Authority
	var server *API
	return func(w *World) {
		if server == nil {
			ca = NewAuthority(w.T, w.T.TempDir())
			server = StartAPI(w.T, ca, "")
			server.Registered = w.kubeletStarts
		}
		w.CA = ca
		w.must(w.Juju.SetConfig("easyrsa", map[string]string{"ca-cert": w.CA.CertFile, "ca-key": w.CA.KeyFile}))
		w.moveTo(server)
	}
}

func (w *World) moveTo(server *API) {
	w.T.Helper()
	server.forget()
	w.API = append(w.API, server)
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"api-servers": server.HostPort()}))
}

func otherTokens(w *World) {
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"tokens-file": filepath.Join(w.dir(), companionsPart, "kubernetes-master", "tokens2.csv")}))
}

// upgradeAction runs the action, and once more if the first was killed: Juju does not do that by itself.
func upgradeAction(w *World) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var result jujusim.ActionResult
	for range 2 {
		var err error
		result, err = w.Juju.RunAction(ctx, Unit, "upgrade", nil)
		w.must(err)
		if result.Status == "completed" {
			return
		}
	}
	w.T.Fatalf("action upgrade %s: %s", result.Status, result.Message)
}

func attach(name, version string) func(w *World) {
	return func(w *World) {
		path := filepath.Join(w.dir(), name+".snap")
		w.must(snapdtest.WriteSnap(path, name, version))
		w.must(w.Juju.AttachResource("kubernetes-worker", name, path))
	}
}

func reboot(w *World) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.must(w.Systemd.Boot())
	w.must(w.Juju.Reboot(ctx, "0"))
}
