package kube_test

import (
	"context"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
)

func TestEachServerIsAskedForItsRelease(t *testing.T) {
	says := func(version string) *server {
		return serve(t, answer(200, "application/json", `{"gitVersion":"`+version+`"}`))
	}
	a, b := says("v1.29.4"), says("v1.28.15+extra")
	client := newClient(t, 0, append(caOf(a), caOf(b)...), a.URL, b.URL)
	found, err := client.Versions(context.Background())
	if err != nil || len(found) != 2 || found[0].Server != a.URL || found[0].Version.String() != "1.29.4" || found[1].Version.String() != "1.28.15" {
		t.Errorf("found %+v, %v", found, err)
	}
	if len(a.asked) != 1 || len(b.asked) != 1 {
		t.Errorf("asked %v and %v", a.asked, b.asked)
	}

	b.Close()
	if _, err := client.Versions(context.Background()); kube.KindOf(err) != kube.Unreachable || !strings.Contains(err.Error(), b.URL) || strings.Contains(err.Error(), a.URL) {
		t.Errorf("with one of them away: %v", err)
	}
}
