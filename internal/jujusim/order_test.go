package jujusim

import (
	"path/filepath"
	"testing"
)

func TestADeploymentRunsItsHooksInJujusOrder(t *testing.T) {
	for _, version := range []string{"2.9", "3.6", "4.0"} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + "kubernetes-control-plane", App: "kubernetes-master", Units: 2}))
			b.deploy()
			if _, err := b.Integrate("worker:kube-control", "kubernetes-master:kube-control"); err != nil {
				t.Fatal(err)
			}
			b.settle()
			b.wantRan("worker/0",
				"install",
				"coordinator-relation-created coordinator:0", "kube-control-relation-created kube-control:1",
				"leader-elected", "config-changed", "start",
				"kube-control-relation-joined kube-control:1 kubernetes-master/0",
				"kube-control-relation-changed kube-control:1 kubernetes-master/0",
				"kube-control-relation-joined kube-control:1 kubernetes-master/1",
				"kube-control-relation-changed kube-control:1 kubernetes-master/1")
		})
	}
}

func TestAUnitThatDoesNotLeadIsToldAsItsGenerationDoes(t *testing.T) {
	for version, told := range map[string]bool{"2.9": true, "3.6": true, "4.0": false} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			b.deploy()
			b.settle()
			b.ran("worker/0")
			machine, err := b.AddMachine(b.spec("root2"))
			b.check(err)
			_, err = b.AddUnit("worker", machine)
			b.check(err)
			b.settle()
			want := []string{"install", "coordinator-relation-created coordinator:0"}
			if told {
				want = append(want, "leader-settings-changed")
			}
			want = append(want, "config-changed", "start",
				"coordinator-relation-joined coordinator:0 worker/0", "coordinator-relation-changed coordinator:0 worker/0")
			b.wantRan("worker/1", want...)
			b.wantRan("worker/0", "coordinator-relation-joined coordinator:0 worker/1", "coordinator-relation-changed coordinator:0 worker/1")

			b.check(b.SetLeader("worker/1"))
			b.settle()
			b.wantRan("worker/1", "leader-elected")
			b.wantRan("worker/0")
		})
	}
}

func TestLeaderSettingsReachTheOtherUnitsOnly(t *testing.T) {
	b := newBed(t, "3.6")
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 2, To: []string{b.machine, b.machine}}))
	b.settle()
	b.ran("worker/0")
	b.ran("worker/1")
	b.plan("update-status", `leader-set timer=fri`)
	b.plan("leader-settings-changed", `leader-get timer > $TEST_DIR/timer`)
	b.check(b.UpdateStatus("worker/0"))
	b.settle()
	b.wantRan("worker/0", "update-status")
	b.wantRan("worker/1", "leader-settings-changed")
	wantEqual(t, "leader-get", b.output("timer"), "fri\n")

	b.check(b.UpdateStatus("worker/0"))
	b.settle()
	b.wantRan("worker/1")
}

func TestRemovingAUnitLeavesRelationsThenStopsThenRemoves(t *testing.T) {
	b := newBed(t, "3.6")
	b.deploy()
	b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + "easyrsa"}))
	_, err := b.Integrate("worker", "easyrsa")
	b.check(err)
	b.settle()
	b.ran("worker/0")
	b.plan("certificates-relation-departed", `echo "$JUJU_DEPARTING_UNIT" > $TEST_DIR/departing; relation-list > $TEST_DIR/list; relation-get ca > $TEST_DIR/ca`)
	b.plan("certificates-relation-broken", `echo "[$JUJU_REMOTE_UNIT] $JUJU_REMOTE_APP" > $TEST_DIR/remote; relation-list >> $TEST_DIR/remote; relation-ids certificates >> $TEST_DIR/remote`)
	b.check(b.RemoveUnit("worker/0"))
	b.settle()
	b.wantRan("worker/0",
		"coordinator-relation-broken coordinator:0",
		"certificates-relation-departed certificates:1 easyrsa/0", "certificates-relation-broken certificates:1",
		"stop", "remove")
	wantEqual(t, "departing unit", b.output("departing"), "worker/0\n")
	wantEqual(t, "members during departed", b.output("list"), "")
	if b.output("ca") == "" {
		t.Fatal("the leaving unit's data was not readable in departed")
	}
	wantEqual(t, "broken", b.output("remote"), "[] easyrsa\ncertificates:1\n")
	if _, err := b.UnitStatus("worker/0"); err == nil {
		t.Fatal("the unit is still there")
	}
	if isDirectory(filepath.Join(b.dir, "root/var/lib/juju/agents/unit-worker-0")) {
		t.Fatal("the agent's directory is still there")
	}
}

func TestRemovingARelationNamesTheRemoteUnitAsDeparting(t *testing.T) {
	b := newBed(t, "3.6")
	b.deploy()
	b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + "easyrsa"}))
	_, err := b.Integrate("worker", "easyrsa")
	b.check(err)
	b.settle()
	b.ran("worker/0")
	b.plan("certificates-relation-departed", `echo "$JUJU_DEPARTING_UNIT" > $TEST_DIR/departing`)
	b.check(b.RemoveRelation("easyrsa:client", "worker:certificates"))
	b.settle()
	b.wantRan("worker/0", "certificates-relation-departed certificates:1 easyrsa/0", "certificates-relation-broken certificates:1")
	wantEqual(t, "departing unit", b.output("departing"), "easyrsa/0\n")
	for _, relation := range b.Status().Relations {
		if relation.Interface == "tls-certificates" {
			t.Fatal("the relation is still there")
		}
	}
}

func TestUpgradeAndResourcesRunUpgradeCharmThenConfigChanged(t *testing.T) {
	b := newBed(t, "3.6")
	b.deploy()
	b.settle()
	b.ran("worker/0")
	unitDir := filepath.Join(b.dir, "root/var/lib/juju/agents/unit-worker-0/charm")
	b.write(filepath.Join(unitDir, "made-by-the-charm"), "x", 0o600)

	next := filepath.Join(b.dir, "next")
	b.writeCharm(next, map[string]string{"dispatch": testDispatch, "new-file": "x"})
	b.check(b.Upgrade("worker", next))
	b.settle()
	b.wantRan("worker/0", "upgrade-charm", "config-changed")
	if !isFile(filepath.Join(unitDir, "new-file")) || !isFile(filepath.Join(unitDir, "made-by-the-charm")) {
		t.Fatal("the upgrade did not add the new file, or lost the charm's own")
	}
	b.check(b.Upgrade("worker", b.charm))
	b.settle()
	b.wantRan("worker/0", "upgrade-charm", "config-changed")
	if isFile(filepath.Join(unitDir, "new-file")) {
		t.Fatal("a file that the new revision lacks stayed")
	}

	snap := filepath.Join(b.dir, "my.snap")
	b.write(snap, "snap", 0o644)
	b.check(b.AttachResource("worker", "kubelet", snap))
	b.settle()
	b.wantRan("worker/0", "upgrade-charm", "config-changed")
}

func TestOptionsAndAddressesRunConfigChangedOnlyWhenDifferent(t *testing.T) {
	b := newBed(t, "3.6")
	b.deploy()
	b.settle()
	b.ran("worker/0")
	b.check(b.SetConfig("worker", map[string]string{"channel": "1.13/stable"}))
	b.settle()
	b.wantRan("worker/0", "config-changed")
	b.check(b.SetConfig("worker", map[string]string{"channel": "1.13/stable"}))
	b.settle()
	b.wantRan("worker/0")
	b.check(b.ResetConfig("worker", "channel"))
	b.settle()
	b.wantRan("worker/0", "config-changed")
	b.check(b.SetAddress(b.machine, "10.9.9.9", "54.1.2.3"))
	b.settle()
	b.wantRan("worker/0", "config-changed")
	if err := b.SetConfig("worker", map[string]string{"count": "many"}); err == nil {
		t.Fatal("a text was taken for a number")
	}
	if err := b.SetConfig("worker", map[string]string{"no-such": "1"}); err == nil {
		t.Fatal("an unknown option was taken")
	}
}

func TestARebootRunsStartAgain(t *testing.T) {
	for version, want := range map[string][]string{"2.9": {"config-changed", "start"}, "3.6": {"start"}, "4.0": {"start"}} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			b.deploy()
			b.settle()
			b.ran("worker/0")
			b.check(b.Reboot(b.context(), b.machine))
			b.settle()
			b.wantRan("worker/0", want...)
			b.settle()
			b.wantRan("worker/0")
		})
	}
}

func TestSubordinatesComeWithTheirPrincipalAndSeeOnlyIt(t *testing.T) {
	b := newBed(t, "3.6")
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 2, To: []string{b.machine, b.machine}}))
	b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + "flannel"}))
	_, err := b.Integrate("worker:cni", "flannel:cni")
	b.check(err)
	b.plan("cni-relation-joined", `relation-list > $TEST_DIR/list-$(basename $JUJU_UNIT_NAME)`)
	b.settle()
	wantEqual(t, "members seen by the first", b.output("list-0"), "flannel/0\n")
	wantEqual(t, "members seen by the second", b.output("list-1"), "flannel/1\n")
	wantEqual(t, "principal", b.status("flannel/1").Principal, "worker/1")

	b.check(b.RemoveUnit("worker/1"))
	b.settle()
	if _, err := b.UnitStatus("flannel/1"); err == nil {
		t.Fatal("the subordinate outlived its principal")
	}
	b.status("flannel/0")
}

func TestACharmWithoutDispatchGetsItsOwnFilesAndMissingOnesAreSkipped(t *testing.T) {
	b := newBed(t, "3.6")
	b.charm = filepath.Join(b.dir, "files")
	script := "#!/bin/sh\necho \"$0 $PWD $JUJU_DISPATCH_PATH\" >> $TEST_DIR/seen\n"
	b.writeCharm(b.charm, map[string]string{"hooks/install": script, "actions/pause": script})
	b.deploy()
	b.settle()
	if _, err := b.RunAction(b.context(), "worker/0", "pause", nil); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(b.dir, "root/var/lib/juju/agents/unit-worker-0/charm")
	wantEqual(t, "starts", b.output("seen"), dir+"/hooks/install "+dir+" hooks/install\n"+dir+"/actions/pause "+dir+" actions/pause\n")
	for _, record := range b.records()[1:] {
		if record.Hook != "" && record.Outcome != Skipped {
			t.Fatalf("%s was %s, wanted it skipped", record.Hook, record.Outcome)
		}
	}
	wantEqual(t, "agent", b.status("worker/0").Agent, "idle")
}
