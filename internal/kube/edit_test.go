package kube_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
)

var theirs = kube.Ref{Kind: "ConfigMap", Namespace: "ns", Name: "settings"}

// count adds one to a value.
func count(o kube.Object) bool {
	data, _ := o["data"].(map[string]any)
	text, _ := data["a"].(string)
	data["a"] = text + "1"
	return true
}

func TestAnObjectOfOthersIsChangedBesideWhatTheyDo(t *testing.T) {
	ctx := context.Background()
	s := serveRelease(t, "v1.12.10")
	c := s.client(t)
	if _, err := c.Edit(ctx, theirs, count); kube.KindOf(err) != kube.NotFound || err.Error() != "cannot get ConfigMap ns/settings: not found" {
		t.Errorf("without one: %v", err)
	}
	if o, err := c.Get(ctx, theirs); o != nil || err != nil {
		t.Errorf("without one: %v, %v", o, err)
	}
	s.Put(settings, ours)
	others := 2 // times that somebody is faster
	s.Before = func(_ *http.Request, s *kubetest.Store) {
		if others > 0 {
			others--
			s.Objects[settings]["data"].(map[string]any)["b"] = "2"
			s.Set(settings, s.Objects[settings])
		}
	}
	if changed, err := c.Edit(ctx, theirs, count); !changed || err != nil || !strings.Contains(s.At(settings), `"data":{"a":"11","b":"2"}`) {
		t.Errorf("%v, %v: %s", changed, err, s.At(settings))
	}
	s.Written()
	if changed, err := c.Edit(ctx, theirs, func(kube.Object) bool { return false }); changed || err != nil || len(s.Written()) > 0 {
		t.Errorf("without a change: %v, %v", changed, err)
	}
	others = 100
	if changed, err := c.Edit(ctx, theirs, count); changed || kube.KindOf(err) != kube.Conflict || len(s.Written()) > 10 {
		t.Errorf("against somebody who never rests: %v, %v", changed, err)
	}
	if o, err := c.Get(ctx, theirs); err != nil || o.Ref() != theirs {
		t.Errorf("%v, %v", o, err)
	}
}
