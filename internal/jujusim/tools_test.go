package jujusim

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim/jujuc"
)

// inHook makes the context of a hook without a process.
func (b *bed) inHook(h hook, action *actionRun) *hookContext {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	u := b.state.Units["worker/0"]
	p, err := b.place(b.context(), b.state.Machines[u.Machine].Spec)
	b.check(err)
	return b.newContext(p, u, h, action)
}

type toolCase struct {
	call string // words separated by spaces; ~ stands for an empty word
	code int
	want string // standard output, or the error without ERROR
}

func (c *hookContext) tool(t *testing.T, stdin, call string) (code int, output string) {
	t.Helper()
	words := strings.Fields(call)
	for i, word := range words {
		if word == "~" {
			words[i] = ""
		}
	}
	request := jujuc.Request{ContextId: c.id, Dir: "/", CommandName: words[0], Args: words[1:]}
	if stdin != "" {
		request.StdinSet, request.Stdin = true, []byte(stdin)
	}
	answer, err := c.handle(request)
	if err != nil {
		return -1, err.Error()
	}
	if answer.Code != 0 {
		text := string(answer.Stderr)
		return answer.Code, strings.TrimSuffix(strings.TrimPrefix(text, "ERROR "), "\n")
	}
	return 0, string(answer.Stdout)
}

func runToolCases(t *testing.T, c *hookContext, cases []toolCase) {
	t.Helper()
	for _, test := range cases {
		code, output := c.tool(t, "", test.call)
		if code != test.code || output != test.want {
			t.Errorf("%s\ngot  %d %q\nwant %d %q", test.call, code, output, test.code, test.want)
		}
	}
}

func TestToolsAnswerAsTheSpecificationSays(t *testing.T) {
	b := related(t, "3.6")
	b.check(b.SetBag(1, "master/0", map[string]string{"port": "53", "creds": "", "domain": "a<b"}))
	relation := hook{Name: "kube-control-relation-changed", Kind: "relation-changed", InRelation: true, RelationID: 1, RemoteUnit: "master/0", RemoteApp: "master"}
	plain := *simple("config-changed")

	t.Run("outside a relation hook", func(t *testing.T) {
		runToolCases(t, b.inHook(plain, nil), []toolCase{
			{"config-get --format=json", 0, `{"channel":"1.12/stable","count":3,"ingress":true}` + "\n"},
			{"config-get --all --format json", 0, `{"channel":"1.12/stable","count":3,"ingress":true,"unset":null}` + "\n"},
			{"config-get channel", 0, "1.12/stable\n"},
			{"config-get ingress", 0, "True\n"},
			{"config-get count", 0, "3\n"},
			{"config-get unset", 0, ""},
			{"config-get unset --format=json", 0, "null\n"},
			{"config-get no-such --format=json", 0, "null\n"},
			{"config-get --all channel", 2, `cannot use argument --all together with key "channel"`},
			{"config-get --format=xml", 2, `invalid value "xml" for option --format: unknown format "xml"`},
			{"config-get --bogus", 2, "option provided but not defined: --bogus"},
			{"config-get --format", 2, "option needs an argument: --format"},
			{"config-get --help", 0, "Usage: config-get [options]\n"},
			{"relation-ids kube-control --format=json", 0, `["kube-control:1"]` + "\n"},
			{"relation-ids kube-control", 0, "kube-control:1\n"},
			{"relation-ids nothing --format=json", 0, "[]\n"},
			{"relation-ids nothing", 0, ""},
			{"relation-ids", 2, "no endpoint name specified"},
			{"relation-list -r kube-control:1 --format=json", 0, `["master/0"]` + "\n"},
			{"relation-list -r 1", 0, "master/0\n"},
			{"relation-list -r kube-control:1 --app --format=json", 0, `"master"` + "\n"},
			{"relation-list -r junk", 2, `invalid value "junk" for option -r: invalid relation id`},
			{"relation-list -r kube-control:9", 2, `invalid value "kube-control:9" for option -r: relation not found`},
			{"relation-list", 2, "no relation id specified"},
			{"relation-get -r 1 port master/0", 0, "53\n"},
			{"relation-get -r 1 port master/0 --format=json", 0, `"53"` + "\n"},
			{"relation-get -r 1 domain master/0 --format=json", 0, `"a\u003cb"` + "\n"},
			{"relation-get -r 1 none master/0 --format=json", 0, "null\n"},
			{"relation-get -r 1 none master/0", 0, ""},
			{"relation-get -r 1 - master/9", 1, "permission denied"},
			{"relation-get -r 1 - other/0", 1, "permission denied"},
			{"relation-get -r 1 - master", 2, `expected unit name, got application name "master"`},
			{"relation-get -r 1 - M", 2, `invalid unit name "M"`},
			{"relation-get -r 1 - ~", 2, `invalid unit name ""`},
			{"relation-get -r 1 -", 2, "no unit or application specified"},
			{"relation-get -r 1 --app - master --format=json", 0, "{}\n"},
			{"relation-get port", 2, "no relation id specified"},
			{"relation-set -r 1 novalue", 2, `expected "key=value", got "novalue"`},
			{"unit-get private-address", 0, "10.0.0.11\n"},
			{"unit-get public-address --format=json", 0, `"10.0.0.11"` + "\n"},
			{"unit-get other", 2, `unknown setting "other"`},
			{"network-get kube-control --format=json", 0, `{"bind-addresses":[{"mac-address":"52:54:00:12:34:56","interface-name":"ens3","addresses":[{"hostname":"","value":"10.0.0.11","cidr":"10.0.0.0/24"}]}],"egress-subnets":["10.0.0.11/32"],"ingress-addresses":["10.0.0.11"]}` + "\n"},
			{"network-get kube-control --ingress-address", 0, "10.0.0.11\n"},
			{"network-get kube-control --bind-address --format=json", 0, `"10.0.0.11"` + "\n"},
			{"network-get kube-control --primary-address", 0, "10.0.0.11\n"},
			{"network-get kube-control --egress-subnets --format=json", 0, `["10.0.0.11/32"]` + "\n"},
			{"network-get nothing", 1, `no network config found for binding "nothing"`},
			{"network-get", 2, "no arguments specified"},
			{"status-set bogus", 2, `invalid status "bogus", expected one of [maintenance blocked waiting active]`},
			{"status-set active two words", 2, `unrecognized args: ["words"]`},
			{"status-set active -- -dash", 0, ""},
			{"status-get", 0, "active\n"},
			{"status-get --include-data --format=json", 0, `{"message":"-dash","status":"active","status-data":{}}` + "\n"},
			{"juju-log", 2, "no message specified"},
			{"juju-log -l BOGUS text", 0, ""},
			{"is-leader --format=json", 0, "true\n"},
			{"is-leader", 0, "True\n"},
			{"leader-get --format=json -", 0, "{}\n"},
			{"leader-set a=1 b=x=y", 0, ""},
			{"leader-get b", 0, "x=y\n"},
			{"leader-get none --format=json", 0, "null\n"},
			{"leader-set a=", 0, ""},
			{"leader-get --format=json", 0, `{"b":"x=y"}` + "\n"},
			{"resource-get kubelet", 1, "could not download resource: HTTP request failed: resource#worker/kubelet not found"},
			{"resource-get nothing", 1, "could not download resource: HTTP request failed: resource#worker/nothing not found"},
			{"state-get", 0, "{}\n"},
			{"state-get --format=json", 0, "null\n"},
			{"state-set k=v", 0, ""},
			{"state-get k", 0, "v\n"},
			{"state-get --format=json -", 0, `{"k":"v"}` + "\n"},
			{"state-get none", 0, ""},
			{"state-get --strict none", 1, `"none" not found`},
			{"state-delete k", 0, ""},
			{"state-get k", 0, ""},
			{"action-get", 1, "not running an action"},
			{"action-set a=b", 1, "not running an action"},
			{"action-fail", 1, "not running an action"},
			{"action-log x", 1, "not running an action"},
			{"application-version-set", 2, "no version specified"},
			{"credential-get", 1, "cannot access cloud credentials"},
			{"storage-list --format=json", 0, "[]\n"},
			{"secret-get", 2, "require either a secret URI or label"},
			{"secret-get junk", 2, `secret URI "junk" not valid`},
			{"secret-get secret:00000000000000000000", 1, `secret "00000000000000000000" not found`},
			{"relation-model-get -r 1 --format=json", 0, `{"uuid":"` + b.state.UUID + `"}` + "\n"},
		})
	})
	t.Run("in a relation hook", func(t *testing.T) {
		runToolCases(t, b.inHook(relation, nil), []toolCase{
			{"relation-ids", 0, "kube-control:1\n"},
			{"relation-list", 0, "master/0\n"},
			{"relation-get port", 0, "53\n"},
			{"relation-set a=1 b=2", 0, ""},
			{"relation-set b= c=x=y", 0, ""},
			{"relation-get - worker/0 --format=json", 0, `{"a":"1","c":"x=y","egress-subnets":"10.0.0.11/32","ingress-address":"10.0.0.11","private-address":"10.0.0.11"}` + "\n"},
			{"relation-set --app k=v", 0, ""},
			{"relation-get --app - worker --format=json", 0, `{"k":"v"}` + "\n"},
		})
	})
	t.Run("without a remote unit", func(t *testing.T) {
		broken := relation
		broken.Name, broken.Kind, broken.RemoteUnit = "kube-control-relation-broken", "relation-broken", ""
		runToolCases(t, b.inHook(broken, nil), []toolCase{
			{"relation-ids kube-control", 0, "kube-control:1\n"},
			{"relation-list --format=json", 0, "[]\n"},
			{"relation-get -", 2, "no unit or application specified"},
			{"relation-get - ~", 2, `invalid unit name ""`},
			{"relation-get ingress-address worker/0", 0, "10.0.0.11\n"},
		})
	})
}

func TestPortTools(t *testing.T) {
	for version, pendingShown := range map[string]bool{"2.9": false, "3.6": true, "4.0": true} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 2, To: []string{b.machine, b.machine}}))
			b.settle()
			b.state.Units["worker/1"].Ports = []portRange{{From: 5000, To: 5010, Protocol: "tcp"}}
			shown := "[]\n"
			if pendingShown {
				shown = `["80/tcp","8000-8010/udp"]` + "\n"
			}
			c := b.inHook(*simple("config-changed"), nil)
			runToolCases(t, c, []toolCase{
				{"open-port 80", 0, ""},
				{"open-port 80/tcp", 0, ""},
				{"open-port 8000-8010/udp", 0, ""},
				{"opened-ports --format=json", 0, shown},
				{"open-port 8005-8020/udp", 1, `cannot open 8005-8020/udp (unit "worker/0"): port range conflicts with 8000-8010/udp (unit "worker/0")`},
				{"open-port 5005/tcp", 1, `cannot open 5005/tcp (unit "worker/0"): port range conflicts with 5000-5010/tcp (unit "worker/1")`},
				{"open-port 80/sctp", 2, `invalid protocol "sctp", expected "tcp", "udp", or "icmp"`},
				{"open-port 0", 2, "port range bounds must be between 1 and 65535, got 0-0"},
				{"open-port x", 2, `expected <port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp; got "x"`},
				{"open-port", 2, "no port or range specified"},
				{"open-port icmp", 0, ""},
				{"close-port 443/tcp", 0, ""},
				{"close-port icmp", 0, ""},
			})
			c.flush()
			c = b.inHook(*simple("config-changed"), nil)
			runToolCases(t, c, []toolCase{
				{"opened-ports --format=json", 0, `["80/tcp","8000-8010/udp"]` + "\n"},
				{"opened-ports --endpoints", 0, "80/tcp (*)\n8000-8010/udp (*)\n"},
				{"close-port 80/tcp", 0, ""},
			})
			c.flush()
			wantEqual(t, "flushed", strings.Join(c.flushed, ";"), "ports")
			c = b.inHook(*simple("config-changed"), nil)
			runToolCases(t, c, []toolCase{{"open-port 8000-8010/udp", 0, ""}})
			c.flush()
			wantEqual(t, "flushed by opening what is open", len(c.flushed), 0)
			wantEqual(t, "ports", strings.Join(b.status("worker/0").Ports, ","), "8000-8010/udp")
		})
	}
}

func TestToolsThatAGenerationLacks(t *testing.T) {
	for version, absent := range map[string][]string{
		"2.9": {"secret-get", "secret-add", "relation-model-get"},
		"3.6": {},
		"4.0": {"leader-get", "leader-set", "payload-register", "add-metric", "pod-spec-set"},
	} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			b.deploy()
			b.plan("install", `
				for tool in `+strings.Join(absent, " ")+`; do $tool 2>/dev/null; [ $? = 127 ] || exit 1; socket-call $tool 2>> $TEST_DIR/err; [ $? = 98 ] || exit 2; done
				for tool in config-get is-leader state-get action-get; do command -v $tool >/dev/null || exit 3; done`)
			b.settle()
			if len(absent) == 0 {
				return
			}
			wantEqual(t, "error", strings.SplitN(b.output("err"), "\n", 2)[0], "bad request: unknown command: "+absent[0])
		})
	}
}

func TestWhoDoesNotLeadCannotWriteForTheApplication(t *testing.T) {
	b := related(t, "3.6")
	b.state.Apps["worker"].Leader = "worker/7"
	runToolCases(t, b.inHook(*simple("config-changed"), nil), []toolCase{
		{"is-leader --format=json", 0, "false\n"},
		{"leader-set a=1", 1, "cannot write leadership settings: cannot write settings: not the leader"},
		{"relation-set -r 1 --app a=1", 1, "cannot write relation settings"},
		{"status-set --application active", 1, "this unit is not the leader"},
	})
}

func TestRelationSetReadsFilesAndStandardInput(t *testing.T) {
	b := related(t, "3.6")
	c := b.inHook(*simple("config-changed"), nil)
	if code, text := c.tool(t, "", "relation-set -r 1 --file -"); code != -1 || text != jujuc.NoStdin {
		t.Fatalf("without standard input: %d %s", code, text)
	}
	if code, text := c.tool(t, "{\"gpu\": \"True\", port: 053, gone: null, text: 'a: b'}", "relation-set -r 1 --file - gpu=False"); code != 0 {
		t.Fatal(text)
	}
	b.write(b.dir+"/file.yaml", "from-file: 'yes'\n", 0o600)
	if code, text := c.tool(t, "", "relation-set -r 1 --file "+b.dir+"/file.yaml"); code != 0 {
		t.Fatal(text)
	}
	for _, wrong := range []string{"a: [1]", "a: {b: c}", "- a", ": :"} {
		if code, _ := c.tool(t, wrong, "relation-set -r 1 --file -"); code != 1 {
			t.Errorf("%q was taken", wrong)
		}
	}
	c.flush()
	bag := b.bag("worker/0")
	wantEqual(t, "argument over file", bag["gpu"], "False")
	wantEqual(t, "literal text", bag["port"], "053")
	wantEqual(t, "text", bag["text"], "a: b")
	wantEqual(t, "from a file", bag["from-file"], "yes")
	if _, there := bag["gone"]; there {
		t.Fatal("null was written")
	}
}

func TestACallOfAnotherContextIsRefused(t *testing.T) {
	b := related(t, "3.6")
	c := b.inHook(*simple("config-changed"), nil)
	_, err := c.handle(jujuc.Request{ContextId: "other", CommandName: "config-get"})
	if err == nil || !strings.HasPrefix(err.Error(), "bad request: ") {
		t.Fatalf("got %v", err)
	}
}

func TestPeersSeeNoPrivateAddressOnJujuFour(t *testing.T) {
	for version, want := range map[string]string{"2.9": "10.0.0.12", "3.6": "10.0.0.12", "4.0": ""} {
		b := related(t, version)
		wantEqual(t, version, b.bag("master/0")["private-address"], want)
		wantEqual(t, version, b.bag("master/0")["ingress-address"], "10.0.0.12")
	}
}

func TestGoalState(t *testing.T) {
	b := related(t, "3.6")
	c := b.inHook(*simple("config-changed"), nil)
	_, json := c.tool(t, "", "goal-state --format=json")
	for _, want := range []string{`"relations":{"kube-control":{"master":{"status":"joined","since":"`, `"master/0":{"status":"active"`, `"units":{"worker/0":{"status":"`} {
		if !strings.Contains(json, want) {
			t.Errorf("goal-state lacks %s:\n%s", want, json)
		}
	}
	if strings.Contains(json, "coordinator") {
		t.Error("goal-state lists a peer relation")
	}
	if _, yaml := c.tool(t, "", "goal-state"); !strings.HasPrefix(yaml, "relations:\n  kube-control:\n    master:\n      status: joined\n") {
		t.Errorf("goal-state prints by default\n%s", yaml)
	}
}

func TestBothRoadsGiveTheSameAnswerAndAreCountedApart(t *testing.T) {
	for _, version := range []string{"2.9", "3.6", "4.0"} {
		t.Run(version, func(t *testing.T) {
			b := related(t, version)
			b.plan("update-status", `
				config-get --format=json > $TEST_DIR/exec; socket-call config-get --format=json > $TEST_DIR/socket
				relation-get -r 9 - 2>> $TEST_DIR/exec; echo $? >> $TEST_DIR/exec
				socket-call relation-get -r 9 - 2>> $TEST_DIR/socket; echo $? >> $TEST_DIR/socket
				echo 'a: b' | relation-set -r 1 --file -`)
			b.check(b.UpdateStatus("worker/0"))
			b.settle()
			wantEqual(t, "answers", b.output("socket"), b.output("exec"))
			wantEqual(t, "key from standard input", b.bag("worker/0")["a"], "b")
			record := b.lastRecord()
			wantEqual(t, "socket calls", record.Calls("socket"), 2)
			wantEqual(t, "exec calls", record.Calls("exec"), 3)
			wantEqual(t, "config-get over the socket", record.Tools["socket"]["config-get"], 1)
			if record.CPU <= 0 || record.Wall <= 0 || record.PeakKB <= 0 {
				t.Errorf("nothing was measured: %+v", record)
			}
		})
	}
}

func TestResources(t *testing.T) {
	b := newBed(t, "3.6")
	archive := b.dir + "/some.tgz"
	b.write(archive, "first", 0o644)
	if err := b.Deploy(DeploySpec{Charm: b.charm, Resources: map[string]string{"kubelet": archive}, To: []string{b.machine}}); err == nil ||
		!strings.Contains(err.Error(), `incorrect extension on resource upload`) {
		t.Fatalf("a wrong extension was taken: %v", err)
	}
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Resources: map[string]string{"cni": archive}, To: []string{b.machine}}))
	read := `p=$(resource-get cni) || exit 1; printf '%s' "$p" > $TEST_DIR/path; cp "$p" $TEST_DIR/content`
	b.plan("install", read)
	b.plan("upgrade-charm", read)
	b.settle()
	wantEqual(t, "path", b.output("path"), b.dir+"/root/var/lib/juju/agents/unit-worker-0/resources/cni/cni.tgz")
	wantEqual(t, "content", b.output("content"), "first")
	b.write(archive, "", 0o644)
	b.check(b.AttachResource("worker", "cni", archive))
	b.settle()
	wantEqual(t, "content of an empty resource", b.output("content"), "")
	if err := b.AttachResource("worker", "no-such", archive); err == nil {
		t.Fatal("an undeclared resource was taken")
	}
	c := b.inHook(*simple("config-changed"), nil)
	if _, output := c.tool(t, "", "resource-get cni"); strings.HasSuffix(output, "\n") {
		t.Fatal("resource-get printed a newline")
	}
}
