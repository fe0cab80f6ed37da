package drain_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
)

// serveNode reads and patches the node; a patch of another version than the one it has is refused.
func (s *standIn) serveNode(w http.ResponseWriter, r *http.Request, body []byte) {
	if s.node == nil || !strings.HasSuffix(r.URL.Path, "/"+node) {
		reply(w, 404, refusal(404, "NotFound", `nodes "worker-1" not found`, `{"name":"worker-1","kind":"nodes"}`))
		return
	}
	meta := s.node["metadata"].(map[string]any)
	if r.Method == http.MethodPatch {
		var patch map[string]any
		if err := json.Unmarshal(body, &patch); err != nil || r.Header.Get("Content-Type") != "application/merge-patch+json" {
			s.t.Errorf("patch %s as %s: %v", body, r.Header.Get("Content-Type"), err)
		}
		if version := patch["metadata"].(map[string]any)["resourceVersion"]; version != meta["resourceVersion"] {
			reply(w, 409, refusal(409, "Conflict", "the object has been modified", "{}"))
			return
		}
		merge(s.node, patch)
		s.touch()
	}
	content, err := json.Marshal(s.node)
	if err != nil {
		s.t.Error(err)
	}
	reply(w, 200, string(content))
}

// touch gives the node another version, as any change does.
func (s *standIn) touch() {
	meta := s.node["metadata"].(map[string]any)
	n, err := strconv.Atoi(meta["resourceVersion"].(string))
	if err != nil {
		s.t.Fatal(err)
	}
	meta["resourceVersion"] = strconv.Itoa(n + 1)
}

// merge is RFC 7386 as far as the tests need it.
func merge(to, patch map[string]any) {
	for key, value := range patch {
		deeper, isMap := value.(map[string]any)
		below, there := to[key].(map[string]any)
		switch {
		case value == nil:
			delete(to, key)
		case isMap && there:
			merge(below, deeper)
		default:
			to[key] = value
		}
	}
}

func nodeWith(unschedulable bool, mark string) map[string]any {
	annotations := map[string]any{"other": "kept"}
	if mark != "" {
		annotations[drain.Mark] = mark
	}
	return map[string]any{"kind": "Node", "apiVersion": "v1", "metadata": map[string]any{"name": node, "resourceVersion": "7", "annotations": annotations},
		"spec": map[string]any{"unschedulable": unschedulable}}
}

func TestACordonIsMadeAndTakenBackForAReason(t *testing.T) {
	cordon, uncordon := drain.Cordon, drain.Uncordon
	for _, test := range []struct {
		name   string
		do     func(context.Context, drain.API, string, string) (drain.Outcome, error)
		cordon bool
		mark   string
		want   drain.Outcome

		wantCordon bool
		wantMark   string
		sends      int
	}{
		{"a node is cordoned with the mark", cordon, false, "", drain.Changed, true, "upgrade", 1},
		{"once is enough", cordon, true, "upgrade", drain.Unchanged, true, "upgrade", 0},
		{"a cordon without a mark stays somebody else's", cordon, true, "", drain.Foreign, true, "", 0},
		{"a cordon for another reason stays for that", cordon, true, "pause", drain.Foreign, true, "pause", 0},
		{"an old mark is taken over", cordon, false, "pause", drain.Changed, true, "upgrade", 1},
		{"our cordon is taken back with its mark", uncordon, true, "upgrade", drain.Changed, false, "", 1},
		{"a node without a cordon stays as it is", uncordon, false, "", drain.Unchanged, false, "", 0},
		{"somebody else's cordon is not taken back", uncordon, true, "", drain.Foreign, true, "", 0},
		{"nor one for another reason", uncordon, true, "pause", drain.Foreign, true, "pause", 0},
		{"a mark is removed whose cordon somebody took back", uncordon, false, "upgrade", drain.Unchanged, false, "", 1},
		{"a mark for another reason is not", uncordon, false, "pause", drain.Unchanged, false, "pause", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStandIn(t)
			s.node = nodeWith(test.cordon, test.mark)
			got, err := test.do(context.Background(), s.client, node, "upgrade")
			if err != nil || got != test.want || len(s.asked) != test.sends {
				t.Errorf("%v %v, asked %q", got, err, s.asked)
			}
			want := nodeWith(test.wantCordon, test.wantMark)
			want["metadata"].(map[string]any)["resourceVersion"] = strconv.Itoa(7 + test.sends)
			if !reflect.DeepEqual(s.node, want) {
				t.Errorf("node %v\nwant %v", s.node, want)
			}
		})
	}
}

func TestACordonOfOursGetsAnotherReasonWhereThatIsWanted(t *testing.T) {
	for _, test := range []struct {
		cordon     bool
		mark       string
		want       drain.Outcome
		wantCordon bool
		wantMark   string
	}{
		{false, "", drain.Changed, true, "pause"},
		{true, "upgrade", drain.Changed, true, "pause"},
		{true, "pausing", drain.Changed, true, "pause"},
		{true, "pause", drain.Unchanged, true, "pause"},
		{true, "other", drain.Foreign, true, "other"},
		{true, "", drain.Foreign, true, ""},
	} {
		s := newStandIn(t)
		s.node = nodeWith(test.cordon, test.mark)
		got, err := drain.CordonOver(context.Background(), s.client, node, "pause", "pausing", "upgrade")
		mark, _ := s.node["metadata"].(map[string]any)["annotations"].(map[string]any)[drain.Mark].(string)
		cordoned := s.node["spec"].(map[string]any)["unschedulable"] == true
		if err != nil || got != test.want || cordoned != test.wantCordon || mark != test.wantMark {
			t.Errorf("%+v: %v %v, now cordoned %v with %q", test, got, err, cordoned, mark)
		}
	}
}

func TestACordonThatSomebodyMakesInBetweenIsNotTakenForOurs(t *testing.T) {
	s := newStandIn(t)
	s.node = nodeWith(false, "")
	s.answer = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPatch {
			s.node["spec"] = map[string]any{"unschedulable": true}
			s.touch()
		}
		return 0, ""
	}
	got, err := drain.Cordon(context.Background(), s.client, node, "upgrade")
	if err != nil || got != drain.Foreign || len(s.asked) != 1 {
		t.Errorf("%v %v, asked %q", got, err, s.asked)
	}
	if s.node["metadata"].(map[string]any)["annotations"].(map[string]any)[drain.Mark] != nil {
		t.Errorf("the mark is on it: %v", s.node)
	}
}

func TestANodeThatChangesAllTheTimeIsGivenUp(t *testing.T) {
	s := newStandIn(t)
	s.node = nodeWith(false, "")
	s.answer = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPatch {
			s.touch()
		}
		return 0, ""
	}
	if _, err := drain.Cordon(context.Background(), s.client, node, "upgrade"); kube.KindOf(err) != kube.Conflict || len(s.asked) > 10 {
		t.Errorf("%v after %d tries", err, len(s.asked))
	}
}

func TestACordonNeedsANodeAndAReason(t *testing.T) {
	s := newStandIn(t)
	if _, err := drain.Cordon(context.Background(), s.client, node, "upgrade"); kube.KindOf(err) != kube.NotFound {
		t.Errorf("%v", err)
	}
	s.node = nodeWith(true, "")
	for _, do := range []func(context.Context, drain.API, string, string) (drain.Outcome, error){drain.Cordon, drain.Uncordon} {
		if _, err := do(context.Background(), s.client, node, ""); err == nil || len(s.asked) != 0 {
			t.Errorf("%v, asked %q", err, s.asked)
		}
	}
}
