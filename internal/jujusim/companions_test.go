package jujusim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asWorker makes the test charm say what a worker says to everybody.
func (b *bed) asWorker() {
	b.plan("kube-control-relation-joined", `relation-set kubelet_user=system:node:n1 auth_group=system:nodes 'schema_vers=[0, 1]'`)
	b.plan("certificates-relation-joined", `relation-set common_name=10.0.0.11 'sans=["n1"]' certificate_name=worker_0 unit_name=worker_0`)
	b.plan("cni-relation-joined", `relation-set is_master=False kubeconfig_path=/root/cdk/kubeconfig`)
}

func (b *bed) bundle() {
	b.t.Helper()
	for kind, app := range map[string]string{"kubernetes-control-plane": "master", "easyrsa": "easyrsa", "flannel": "flannel"} {
		b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + kind, App: app}))
	}
	for _, ends := range [][2]string{
		{"worker:kube-control", "master"}, {"worker:endpoint", "master:kube-api-endpoint"}, {"worker:certificates", "easyrsa"}, {"worker:cni", "flannel"},
	} {
		_, err := b.Integrate(ends[0], ends[1])
		b.check(err)
	}
}

func TestCompanionsAnswerAWorkerUntilAllIsQuiet(t *testing.T) {
	for _, version := range []string{"2.9", "3.6", "4.0"} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			b.asWorker()
			b.deploy()
			b.bundle()
			b.plan("update-status", `relation-get -r kube-control:1 creds master/0 --format=json > $TEST_DIR/creds; for id in $(relation-ids certificates); do relation-get -r $id worker_0.server.cert easyrsa/0; done > $TEST_DIR/cert`)
			b.settle()
			b.check(b.UpdateStatus("worker/0"))
			b.settle()
			if !strings.Contains(b.output("cert"), "BEGIN CERTIFICATE") {
				t.Error("no certificate came")
			}
			bySecret := strings.Contains(b.output("creds"), "secret-id")
			wantEqual(t, "credentials in a secret", bySecret, version != "2.9")
			if !isFile(filepath.Join(b.dir, "root/etc/cni/net.d/10-flannel.conflist")) {
				t.Error("no network configuration")
			}
			b.ran("worker/0")
			b.settle()
			b.wantRan("worker/0")

			b.check(b.RemoveRelation("worker:cni", "flannel:cni"))
			b.settle()
			if isFile(filepath.Join(b.dir, "root/etc/cni/net.d/10-flannel.conflist")) {
				t.Error("the network configuration outlived the relation")
			}
		})
	}
}

func TestACompanionsOptionsCanBeChangedAtAnyTime(t *testing.T) {
	b := newBed(t, "3.6")
	b.asWorker()
	b.deploy()
	b.bundle()
	b.settle()
	b.ran("worker/0")
	if _, new := b.bag("master/0")["api-endpoints"]; !new {
		t.Fatal("the new wire's keys are missing")
	}
	b.check(b.SetConfig("master", map[string]string{"wire": "old"}))
	b.settle()
	ran := b.ran("worker/0")
	wantEqual(t, "hook", ran[0], "kube-control-relation-changed kube-control:1 master/0")
	if _, new := b.bag("master/0")["api-endpoints"]; new {
		t.Fatal("the new wire's keys stayed")
	}
	if err := b.SetConfig("master", map[string]string{"no-such": "x"}); err == nil {
		t.Fatal("an unknown option was taken")
	}
	b.check(b.ResetConfig("master", "wire"))
	b.check(b.SetConfig("master", map[string]string{"issue-credentials": "false"}))
	b.settle()
	if _, creds := b.bag("master/0")["creds"]; creds {
		t.Fatal("credentials stayed")
	}
}

func TestJunkPutIntoACompanionsBagStaysUntilTakenBack(t *testing.T) {
	b := newBed(t, "3.6")
	b.asWorker()
	b.deploy()
	b.bundle()
	b.settle()
	creds := b.bag("master/0")["creds"]
	b.check(b.SetBag(1, "master/0", map[string]string{"creds": "{junk", "domain": "", "extra": "x"}))
	b.settle()
	bag := b.bag("master/0")
	wantEqual(t, "junk", bag["creds"]+bag["domain"]+bag["extra"], "{junkx")
	b.check(b.ClearBag(1, "master/0"))
	b.settle()
	bag = b.bag("master/0")
	wantEqual(t, "back again", bag["creds"]+bag["domain"]+bag["extra"], creds+"cluster.local")
}

func TestAControlPlaneThatLeavesAndComesBackWithOtherAddresses(t *testing.T) {
	b := newBed(t, "3.6")
	b.asWorker()
	b.deploy()
	b.bundle()
	b.settle()
	b.ran("worker/0")
	_, err := b.AddUnit("master", "")
	b.check(err)
	b.check(b.RemoveUnit("master/0"))
	b.settle()
	ran := strings.Join(b.ran("worker/0"), "\n")
	for _, want := range []string{
		"kube-control-relation-joined kube-control:1 master/1", "kube-control-relation-departed kube-control:1 master/0",
		"endpoint-relation-departed endpoint:2 master/0", "endpoint-relation-joined endpoint:2 master/1",
	} {
		if !strings.Contains(ran, want) {
			t.Errorf("%q did not run:\n%s", want, ran)
		}
	}
	if b.bag("master/1")["creds"] == "" {
		t.Error("the new leader holds no credentials")
	}
}

func TestAFaultOfACompanionEndsTheSettling(t *testing.T) {
	b := newBed(t, "3.6")
	b.asWorker()
	b.deploy()
	b.bundle()
	file := filepath.Join(b.dir, "tokens.csv")
	b.check(os.WriteFile(file, []byte("only-one-field\n"), 0o600))
	b.check(b.SetConfig("master", map[string]string{"tokens-file": file}))
	err := b.Settle(b.context())
	if err == nil || !strings.Contains(err.Error(), "cannot update companion master") || strings.Contains(err.Error(), "only-one-field") {
		t.Fatalf("settled with %v", err)
	}
}

func TestIntegrateRefusesWhatDoesNotFit(t *testing.T) {
	b := newBed(t, "3.6")
	b.deploy()
	b.bundle()
	for _, ends := range [][2]string{
		{"worker:kube-control", "master"}, {"worker:no-such", "master"}, {"worker", "nobody"}, {"worker:cni", "master"}, {"worker", "master"},
	} {
		if _, err := b.Integrate(ends[0], ends[1]); err == nil {
			t.Errorf("%s and %s were integrated", ends[0], ends[1])
		}
	}
}
