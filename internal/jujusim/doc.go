// Package jujusim is a simulated Juju: one model on one machine, faithful where a charm can notice. It owns the order of
// hooks, their environment, the hook tools (over the agent's socket and as programs on PATH), transactions, leadership,
// relations, resources, actions, secrets, retries and reboots of Juju 2.9, 3.6 and 4.0, and drives the companions at the
// other ends of relations. It never knows what a charm does, and nothing of the charm imports it.
//
// Use in a Go test:
//
//	func TestMain(m *testing.M) {
//		jujusim.RunHelper() // this test binary is also the hook tools
//		os.Exit(m.Run())
//	}
//
//	model, err := jujusim.New(jujusim.Options{Dir: t.TempDir(), Juju: "3.6"})
//	defer model.Close()
//	machine, err := model.AddMachine(jujusim.MachineSpec{Root: root, Env: map[string]string{"X": "y"}})
//	err = model.Deploy(jujusim.DeploySpec{Charm: charmDir, To: []string{machine}})
//	err = model.Deploy(jujusim.DeploySpec{Charm: "companion:easyrsa"})
//	_, err = model.Integrate("kubernetes-worker:certificates", "easyrsa:client")
//	err = model.Settle(ctx)                                  // runs hooks until quiet
//	status, err := model.UnitStatus("kubernetes-worker/0")
//	records, err := model.Hooks()                            // what ran, and what it cost
//
// A machine is either a directory (hooks are plain processes that find it in RootVariable) or a place that a command
// prefix enters, such as nsenter; then everything is copied to Juju's usual paths below MachineSpec.Root, and
// Options.Binary has to be static.
//
// Everything is kept in the model directory, so that a program can Open the model again: model.json (the state),
// hooks.jsonl (a record for each hook), debug.log, charms/, resources/, companions/.
package jujusim
