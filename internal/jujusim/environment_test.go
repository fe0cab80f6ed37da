package jujusim

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// environmentOf runs a hook or action that prints its environment and returns it.
func (b *bed) environmentOf(name string) map[string]string {
	b.t.Helper()
	env := map[string]string{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(b.output(name), "\x00"), "\x00") {
		key, value, _ := strings.Cut(entry, "=")
		env[key] = value
	}
	for _, ofTheShell := range []string{"PWD", "_", "SHLVL", "OLDPWD", "TEST_PLAN", "TEST_TRACE", "TEST_DIR"} {
		delete(env, ofTheShell)
	}
	return env
}

const printEnvironment = `cat /proc/$$/environ > $TEST_DIR/env-$event`

func TestTheEnvironmentIsThatOfTheGeneration(t *testing.T) {
	always := []string{
		"APT_LISTCHANGES_FRONTEND", "CHARM_DIR", "CLOUD_API_VERSION", "DEBIAN_FRONTEND", "JUJU_AGENT_SOCKET_ADDRESS",
		"JUJU_AGENT_SOCKET_NETWORK", "JUJU_API_ADDRESSES", "JUJU_AVAILABILITY_ZONE", "JUJU_CHARM_DIR", "JUJU_CHARM_FTP_PROXY",
		"JUJU_CHARM_HTTPS_PROXY", "JUJU_CHARM_HTTP_PROXY", "JUJU_CHARM_NO_PROXY", "JUJU_CONTEXT_ID", "JUJU_DISPATCH_PATH",
		"JUJU_HOOK_NAME", "JUJU_MACHINE_ID", "JUJU_MODEL_NAME", "JUJU_MODEL_UUID", "JUJU_PRINCIPAL_UNIT", "JUJU_UNIT_NAME",
		"JUJU_VERSION", "KUBERNETES_WORKER_ROOT", "LANG", "PATH", "TERM",
	}
	relationKeys := []string{"JUJU_RELATION", "JUJU_RELATION_ID", "JUJU_REMOTE_APP", "JUJU_REMOTE_UNIT"}
	actionKeys := []string{"JUJU_ACTION_NAME", "JUJU_ACTION_TAG", "JUJU_ACTION_UUID"}
	for version, own := range map[string][]string{
		"2.9": {"JUJU_METER_INFO", "JUJU_METER_STATUS", "JUJU_SLA"},
		"3.6": {"JUJU_SLA"},
		"4.0": {"JUJU_CHARM_TRACE_CONFIG_CA_CERT", "JUJU_CHARM_TRACE_CONFIG_GRPC", "JUJU_CHARM_TRACE_CONFIG_HTTP"},
	} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			for _, event := range []string{"install", "kube-control-relation-changed", "kube-control-relation-departed", "pause"} {
				b.plan(event, printEnvironment)
			}
			b.deploy()
			b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + "kubernetes-control-plane", App: "master"}))
			_, err := b.Integrate("worker:kube-control", "master")
			b.check(err)
			b.settle()
			_, err = b.RunAction(b.context(), "worker/0", "pause", nil)
			b.check(err)
			b.check(b.RemoveRelation("worker:kube-control", "master:kube-control"))
			b.settle()

			check := func(event string, more ...string) map[string]string {
				t.Helper()
				env := b.environmentOf("env-" + event)
				want := slices.Sorted(slices.Values(slices.Concat(always, own, more)))
				if got := slices.Sorted(maps.Keys(env)); !slices.Equal(got, want) {
					t.Fatalf("%s has\n%v\nwant\n%v", event, got, want)
				}
				return env
			}
			install := check("install")
			wantEqual(t, "hook name", install["JUJU_HOOK_NAME"], "install")
			wantEqual(t, "dispatch path", install["JUJU_DISPATCH_PATH"], "hooks/install")
			dir := b.dir + "/root/var/lib/juju/agents/unit-worker-0/charm"
			wantEqual(t, "charm directory", install["CHARM_DIR"], dir)
			wantEqual(t, "charm directory", install["JUJU_CHARM_DIR"], dir)
			wantEqual(t, "version", install["JUJU_VERSION"], b.Generation().Version)
			wantEqual(t, "socket network", install["JUJU_AGENT_SOCKET_NETWORK"], "unix")
			wantEqual(t, "abstract socket", strings.HasPrefix(install["JUJU_AGENT_SOCKET_ADDRESS"], "@"), version == "2.9")
			wantEqual(t, "PATH", install["PATH"], b.dir+"/root/var/lib/juju/tools/unit-worker-0:"+b.dir+"/bin:"+daemonPath)

			changed := check("kube-control-relation-changed", relationKeys...)
			wantEqual(t, "relation", changed["JUJU_RELATION"]+" "+changed["JUJU_RELATION_ID"]+" "+changed["JUJU_REMOTE_UNIT"]+" "+changed["JUJU_REMOTE_APP"],
				"kube-control kube-control:1 master/0 master")
			check("kube-control-relation-departed", append(relationKeys, "JUJU_DEPARTING_UNIT")...)

			action := check("pause", actionKeys...)
			wantEqual(t, "hook name in an action", action["JUJU_HOOK_NAME"], "")
			wantEqual(t, "dispatch path", action["JUJU_DISPATCH_PATH"], "actions/pause")
			wantEqual(t, "action", action["JUJU_ACTION_NAME"]+" "+action["JUJU_ACTION_UUID"]+" "+action["JUJU_ACTION_TAG"], "pause 1 action-1")
		})
	}
}

func TestProxiesReachTheEnvironmentInBothForms(t *testing.T) {
	b := newBed(t, "3.6")
	b.plan("install", printEnvironment)
	b.check(b.SetModelConfig(map[string]string{"http-proxy": "http://legacy:1", "juju-https-proxy": "http://new:2", "no-proxy": "10.0.0.0/8"}))
	if err := b.SetModelConfig(map[string]string{"no-such": "x"}); err == nil {
		t.Fatal("an unknown model option was taken")
	}
	b.deploy()
	b.settle()
	env := b.environmentOf("env-install")
	for key, want := range map[string]string{
		"http_proxy": "http://legacy:1", "HTTP_PROXY": "http://legacy:1", "no_proxy": "10.0.0.0/8", "NO_PROXY": "10.0.0.0/8",
		"JUJU_CHARM_HTTPS_PROXY": "http://new:2", "JUJU_CHARM_HTTP_PROXY": "",
	} {
		wantEqual(t, key, env[key], want)
	}
	if _, set := env["https_proxy"]; set {
		t.Fatal("an empty legacy proxy was set")
	}
}

func TestAHookStartsAsTheAgentStartsIt(t *testing.T) {
	b := newBed(t, "3.6")
	b.plan("install", `echo "$0" > $TEST_DIR/argv; echo $# >> $TEST_DIR/argv; pwd > $TEST_DIR/pwd; umask > $TEST_DIR/umask; cat > $TEST_DIR/stdin; echo out; echo err >&2`)
	b.deploy()
	b.settle()
	dir := b.dir + "/root/var/lib/juju/agents/unit-worker-0/charm"
	wantEqual(t, "argv", b.output("argv"), dir+"/dispatch\n0\n")
	wantEqual(t, "working directory", b.output("pwd"), dir+"\n")
	wantEqual(t, "umask", b.output("umask"), "0022\n")
	wantEqual(t, "standard input", b.output("stdin"), "")
	lines, err := b.Log()
	b.check(err)
	log := strings.Join(lines, "\n")
	for _, want := range []string{" DEBUG unit.worker/0.install out", " WARNING unit.worker/0.install err", `ran "install" hook (via hook dispatching script: dispatch)`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
}
