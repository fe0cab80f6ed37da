package resource

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/state"
)

// keeper is a cluster in memory: an object is as wanted if its content is the same.
type keeper struct {
	objects map[kube.Ref]string // content, by name
	calls   []string
	fail    map[string]error // by call
}

func (k *keeper) do(call string) error {
	k.calls = append(k.calls, call)
	return k.fail[call]
}

func (k *keeper) Compare(_ context.Context, o kube.Object) (kube.Difference, error) {
	if err := k.do("compare " + o.String()); err != nil {
		return kube.Same, err
	}
	switch content, there := k.objects[o.Ref()]; {
	case !there:
		return kube.Missing, nil
	case content != o.Fingerprint():
		return kube.Different, nil
	}
	return kube.Same, nil
}

func (k *keeper) Apply(_ context.Context, o kube.Object) (kube.Applied, error) {
	err := k.do("apply " + o.String())
	if err == nil {
		k.objects[o.Ref()] = o.Fingerprint()
	}
	return kube.Applied{Changed: true}, err
}

func (k *keeper) List(_ context.Context, kind string) ([]kube.Object, error) {
	var objects []kube.Object
	for ref := range k.objects {
		if ref.Kind == kind {
			objects = append(objects, object(kind, ref.Name, ""))
		}
	}
	return objects, k.do("list " + kind)
}

func (k *keeper) Has(_ context.Context, ref kube.Ref) (bool, error) {
	_, there := k.objects[ref]
	return there, k.do("has " + ref.String())
}

func (k *keeper) Delete(_ context.Context, ref kube.Ref) (bool, error) {
	delete(k.objects, ref)
	return true, k.do("delete " + ref.String())
}

// writes returns the writes since the last call.
func (k *keeper) writes() []string {
	var writes []string
	for _, call := range k.calls {
		if strings.HasPrefix(call, "apply") || strings.HasPrefix(call, "delete") {
			writes = append(writes, call)
		}
	}
	k.calls = nil
	return writes
}

func object(kind, name, content string) kube.Object {
	return kube.Object{"kind": kind, "metadata": map[string]any{"name": name}, "data": content}
}

// nowhere keeps the state file of a test in memory.
type nowhere struct{ saved int }

func (n *nowhere) ReadFile(string) ([]byte, error) { return nil, fs.ErrNotExist }
func (n *nowhere) WriteFile(string, []byte) error  { n.saved++; return nil }
func cluster(t *testing.T, k *keeper) *System {
	t.Helper()
	file, err := state.Load(&nowhere{}, "state.json")
	if err != nil {
		t.Fatal(err)
	}
	sys := &System{State: file, Objects: func(owner kube.Owner, _ func(kube.Object) bool) Keeper { return k }, Log: func(context.Context, string) {},
		Leader: &leadership{leads: true}}
	sys.Prepare()
	return sys
}

// leadership is what Juju says of a unit.
type leadership struct {
	leads bool
	fault error
}

func (l *leadership) IsLeader(context.Context) (bool, error)                 { return l.leads, l.fault }
func (l *leadership) SetLeaderSetting(context.Context, string, string) error { return nil }

func keepOne(sys *System, o Objects) (changes []string, findings []error) {
	sys.Prepare()
	return Realise(context.Background(), sys, []Resource{o}, nil, false)
}

func TestObjectsAreMadeKeptAndRemoved(t *testing.T) {
	k := &keeper{objects: map[kube.Ref]string{}}
	sys := cluster(t, k)
	want := Objects{Owner: kube.Owner{Application: "w", Component: "ingress"}, Kinds: []string{"Service", "ConfigMap"},
		Want: []kube.Object{object("ConfigMap", "a", "1"), object("Service", "b", "1")}}
	for _, step := range []struct {
		name   string
		change func()
		causes string
		writes []string
		asked  bool
	}{
		{"nothing is there", func() {}, "objects:ingress: ConfigMap a is missing; Service b is missing", []string{"apply ConfigMap a", "apply Service b"}, true},
		{"nothing changed, so nobody is asked", func() {}, "", nil, false},
		{"somebody changed one, which nobody knows yet", func() { k.objects[kube.Ref{Kind: "Service", Name: "b"}] = "other" }, "", nil, false},
		{"a check finds it", func() { want.Check = true }, "objects:ingress: Service b is not as wanted", []string{"apply Service b"}, true},
		{"a check finds nothing", func() {}, "", nil, true},
		{"one is wanted otherwise", func() { want.Check = false; want.Want[0] = object("ConfigMap", "a", "2") },
			"objects:ingress: ConfigMap a is not as wanted", []string{"apply ConfigMap a"}, true},
		{"one is not wanted any more", func() { want.Want = want.Want[:1] }, "objects:ingress: Service b is not wanted any more", []string{"delete Service b"}, true},
		{"none is", func() { want.Want = nil }, "objects:ingress: ConfigMap a is not wanted any more", []string{"delete ConfigMap a"}, true},
		{"and none is there, which is looked at once", func() {}, "", nil, true},
		{"and then not any more", func() {}, "", nil, false},
	} {
		step.change()
		changes, findings := keepOne(sys, want)
		asked := len(k.calls) > 0
		if writes := k.writes(); strings.Join(changes, "\n") != step.causes || len(findings) > 0 || !slices.Equal(writes, step.writes) || asked != step.asked {
			t.Errorf("%s: changes %q, findings %v, writes %q, asked %v", step.name, changes, findings, writes, asked)
		}
	}
}

func TestAUnitThatDoesNotLeadWaitsForTheLeader(t *testing.T) {
	k := &keeper{objects: map[kube.Ref]string{}}
	sys := cluster(t, k)
	unit := &leadership{}
	sys.Leader = unit
	first, last := object("ConfigMap", "a", "1"), object("Service", "b", "1")
	want := Objects{Owner: kube.Owner{Application: "w", Component: "ingress"}, Kinds: []string{"Service", "ConfigMap"}, Want: []kube.Object{first, last}}
	made := func(o kube.Object) func() { return func() { k.objects[o.Ref()] = o.Fingerprint() } }
	for _, step := range []struct {
		name   string
		change func()
		calls  []string
		noted  bool // as there
	}{
		{"nothing is there", func() {}, []string{"compare Service b"}, false},
		{"the leader is at it", made(first), []string{"compare Service b"}, false},
		{"the leader has done it", made(last), []string{"compare Service b"}, true},
		{"which is known from then on", func() {}, nil, true},
		{"one is wanted otherwise", func() { last = object("Service", "b", "2"); want.Want = []kube.Object{first, last} }, []string{"compare Service b"}, true},
		{"and the leader has seen to it", func() { made(last)() }, []string{"compare Service b"}, true},
		{"somebody removes one, and the check comes before the leader's", func() { delete(k.objects, first.Ref()); want.Check = true },
			[]string{"compare ConfigMap a", "compare Service b", "list Service", "list ConfigMap", "apply ConfigMap a"}, true},
		{"none is wanted", func() { want.Check, want.Want = false, nil }, []string{"list Service"}, true},
		{"the leader is at that", func() { delete(k.objects, last.Ref()) }, []string{"list Service"}, false},
		{"which is known as well", func() {}, nil, false},
		{"it leads now, and one is wanted", func() { unit.leads = true; want.Want = []kube.Object{last} },
			[]string{"compare Service b", "list Service", "list ConfigMap", "apply Service b", "delete ConfigMap a"}, false},
	} {
		step.change()
		k.calls = nil
		_, findings := keepOne(sys, want)
		if len(findings) > 0 || !slices.Equal(k.calls, step.calls) || ObjectsThere(sys.State.Objects["ingress"]) != step.noted {
			t.Errorf("%s: %q, findings %v, noted %q", step.name, k.calls, findings, sys.State.Objects["ingress"])
		}
	}
}

func TestAUnitThatDoesNotLeadSaysWhatItCannotSee(t *testing.T) {
	k := &keeper{objects: map[kube.Ref]string{}, fail: map[string]error{"compare ConfigMap a": &kube.Error{Kind: kube.Unreachable}}}
	sys := cluster(t, k)
	want := Objects{Owner: kube.Owner{Component: "nfs"}, Want: []kube.Object{object("ConfigMap", "a", "1")}}
	for fault, kind := range map[error]condition.Kind{nil: condition.Waiting, errors.New("no agent"): condition.Fault} {
		sys.Leader = &leadership{fault: fault}
		if _, findings := keepOne(sys, want); len(findings) != 1 || condition.Of(findings[0]) != kind {
			t.Errorf("%v: %v", fault, findings)
		}
	}
}

func TestObjectsAreComparedOnceInAnInvocation(t *testing.T) {
	k := &keeper{objects: map[kube.Ref]string{}}
	sys := cluster(t, k)
	want := Objects{Owner: kube.Owner{Component: "nfs"}, Want: []kube.Object{object("ConfigMap", "a", "1")}, Check: true}
	for range 3 {
		Realise(context.Background(), sys, []Resource{want}, nil, false)
	}
	if got := []string{"compare ConfigMap a", "apply ConfigMap a"}; !slices.Equal(k.calls, got) {
		t.Errorf("%q", k.calls)
	}
	want.Want = []kube.Object{object("ConfigMap", "a", "2")} // a later round knows more
	Realise(context.Background(), sys, []Resource{want}, nil, false)
	if got := []string{"apply ConfigMap a", "apply ConfigMap a"}; !slices.Equal(k.writes(), got) {
		t.Errorf("%q", k.calls)
	}
}

func TestPlanOfObjectsWritesNothing(t *testing.T) {
	k := &keeper{objects: map[kube.Ref]string{{Kind: "Service", Name: "old"}: "1"}}
	sys := cluster(t, k)
	changes, findings := Realise(context.Background(), sys, []Resource{Objects{Owner: kube.Owner{Component: "nfs"}, Kinds: []string{"Service"},
		Want: []kube.Object{object("ConfigMap", "a", "1")}}}, nil, true)
	want := []string{"objects:nfs: ConfigMap a is missing; Service old is not wanted any more"}
	if !slices.Equal(changes, want) || len(findings) > 0 || k.writes() != nil || len(sys.State.Objects) > 0 {
		t.Errorf("%q, %v", changes, findings)
	}
}

func TestObjectsOfAnEarlierCharmGoOnce(t *testing.T) {
	old := kube.Ref{Kind: "Service", Name: "old"}
	k := &keeper{objects: map[kube.Ref]string{old: "1"}}
	sys := cluster(t, k)
	want := Objects{Owner: kube.Owner{Component: "ingress"}, Want: []kube.Object{object("ConfigMap", "a", "1")}, Earlier: []kube.Ref{old},
		Making: []string{"Making it."}, Removing: []string{"Removing it."}}
	var said []string
	sys.Log = func(_ context.Context, line string) { said = append(said, line) }
	for range 2 {
		if _, findings := keepOne(sys, want); len(findings) > 0 {
			t.Error(findings)
		}
	}
	if got := k.writes(); !slices.Equal(got, []string{"apply ConfigMap a", "delete Service old"}) {
		t.Errorf("%q", got)
	}
	if !ObjectsThere(sys.State.Objects["ingress"]) {
		t.Error("they are not noted")
	}
	k.objects[old] = "made later by a person"
	want.Check = true
	if keepOne(sys, want); k.writes() != nil {
		t.Error("it was looked for again")
	}
	want.Want, want.Earlier = nil, nil
	keepOne(sys, want)
	if keepOne(sys, want); ObjectsThere(sys.State.Objects["ingress"]) || ObjectsThere("") {
		t.Error("they are noted as there")
	}
	if got := strings.Join(said, "|"); !strings.HasPrefix(got, "Making it.|") || strings.Contains(got, "Removing") {
		t.Errorf("said %s", got)
	}
}

func TestASharedObjectMayBeSomebodyElses(t *testing.T) {
	class := object("IngressClass", "nginx", "")
	k := &keeper{objects: map[kube.Ref]string{}, fail: map[string]error{"compare IngressClass nginx": &kube.Error{Kind: kube.Foreign}}}
	sys := cluster(t, k)
	want := Objects{Owner: kube.Owner{Component: "ingress"}, Want: []kube.Object{class, object("ConfigMap", "a", "1")}, Shared: []kube.Ref{class.Ref()}}
	if _, findings := keepOne(sys, want); len(findings) > 0 || !slices.Equal(k.writes(), []string{"apply ConfigMap a"}) {
		t.Errorf("%v", findings)
	}
}

func TestObjectsWaitForAccess(t *testing.T) {
	sys := cluster(t, nil)
	sys.Objects = nil
	changes, findings := keepOne(sys, Objects{Want: []kube.Object{object("ConfigMap", "a", "1")}})
	if len(changes)+len(findings) > 0 {
		t.Error(changes, findings)
	}
}

func TestObjectsThatCannotBeKept(t *testing.T) {
	for name, test := range map[string]struct {
		call string
		err  error
		kind condition.Kind
		none bool // it is no finding
	}{
		"nobody answers":              {"compare ConfigMap a", &kube.Error{Kind: kube.Unreachable}, condition.Waiting, false},
		"the token is refused":        {"compare ConfigMap a", &kube.Error{Kind: kube.Unauthorized}, condition.Waiting, false},
		"it is being deleted":         {"apply ConfigMap a", &kube.Error{Kind: kube.Conflict}, condition.Waiting, false},
		"the namespace is gone":       {"apply ConfigMap a", &kube.Error{Kind: kube.NotFound}, condition.Waiting, false},
		"it is another's":             {"compare ConfigMap a", &kube.Error{Kind: kube.Foreign}, condition.Blocked, false},
		"not allowed":                 {"list Service", &kube.Error{Kind: kube.Forbidden}, condition.Blocked, false},
		"refused":                     {"apply ConfigMap a", &kube.Error{Kind: kube.Invalid}, condition.Blocked, false},
		"not allowed to delete":       {"delete Service old", &kube.Error{Kind: kube.Forbidden}, condition.Blocked, false},
		"the charm made a mistake":    {"compare ConfigMap a", errors.New("cannot encode"), condition.Fault, false},
		"the server has no such kind": {"compare ConfigMap a", &kube.Error{Kind: kube.Unserved}, 0, true},
	} {
		k := &keeper{objects: map[kube.Ref]string{{Kind: "Service", Name: "old"}: "1"}, fail: map[string]error{test.call: test.err}}
		sys := cluster(t, k)
		o := Objects{Owner: kube.Owner{Component: "nfs"}, Kinds: []string{"Service"}, Want: []kube.Object{object("ConfigMap", "a", "1")}}
		_, findings := keepOne(sys, o)
		if test.none {
			if len(findings) > 0 || !slices.Equal(k.writes(), []string{"delete Service old"}) {
				t.Errorf("%s: %v", name, findings)
			}
			continue
		}
		if len(findings) != 1 || condition.Of(findings[0]) != test.kind {
			t.Errorf("%s: %v", name, findings)
		}
		if len(sys.State.Objects) > 0 {
			t.Errorf("%s: it counts as done", name)
		}
	}
}
