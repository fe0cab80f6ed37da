package jujusim

import "testing"

func TestUnitsOnDifferentMachinesRunHooksTogetherWhereAsked(t *testing.T) {
	b := newBed(t, "3.6")
	b.Close()
	together := b.options
	together.Together, together.Progress = true, nil
	var err error
	b.Model, err = Open(together)
	b.check(err)
	other, err := b.AddMachine(b.spec("root2"))
	b.check(err)
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 3, To: []string{b.machine, other, other}}))
	b.settle()

	// The first two wait for each other; the last two must not meet.
	b.plan("update-status", `cd "$TEST_DIR"
case $JUJU_UNIT_NAME in
worker/0) mine=zero other=one ;;
worker/1) mine=one other=zero ;;
*) mine=two other=one ;;
esac
[ $mine = zero ] || mkdir busy || exit 1
touch $mine
for i in $(seq 200); do
	[ ! -e $other ] || break
	sleep 0.05
done
[ $mine = zero ] || rmdir busy
[ -e $other ] || exit 1`)
	for _, unit := range []string{"worker/0", "worker/1", "worker/2"} {
		b.check(b.UpdateStatus(unit))
	}
	b.settle()
}
