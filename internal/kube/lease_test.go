package kube_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
)

// The servers' clock in these tests is years away from this machine's.
var noon = time.Date(2031, 1, 2, 12, 0, 0, 0, time.UTC)

const leasePath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/upgrade"

func lease(unit string) kube.Lease {
	return kube.Lease{Namespace: "kube-system", Name: "upgrade", Holder: unit, Duration: time.Minute}
}

func TestLeaseGoesFromHolderToHolder(t *testing.T) {
	ctx := context.Background()
	for _, release := range []string{"v1.12.10", "v1.36.3"} {
		s := serveRelease(t, release)
		a, b := s.client(t), s.client(t)
		for _, step := range []struct {
			name   string
			after  time.Duration // since noon
			client *kube.Client
			unit   string
			want   kube.Held
		}{
			{"the first one gets it", 0, a, "a", kube.Held{Mine: true, By: "a", Until: noon.Add(time.Minute)}},
			{"the second one does not", time.Second, b, "b", kube.Held{By: "a", Until: noon.Add(time.Minute)}},
			{"the holder renews it", 30 * time.Second, a, "a", kube.Held{Mine: true, By: "a", Until: noon.Add(90 * time.Second)}},
			{"it has not run out yet", 90 * time.Second, b, "b", kube.Held{By: "a", Until: noon.Add(90 * time.Second)}},
			{"nor a moment later, as clocks differ", 94 * time.Second, b, "b", kube.Held{By: "a", Until: noon.Add(90 * time.Second)}},
			{"it has run out", 95 * time.Second, b, "b", kube.Held{Mine: true, By: "b", Until: noon.Add(155 * time.Second)}},
			{"the one before has lost it", 96 * time.Second, a, "a", kube.Held{By: "b", Until: noon.Add(155 * time.Second)}},
		} {
			s.Now = noon.Add(step.after)
			held, err := step.client.Acquire(ctx, lease(step.unit))
			if err != nil || held.Mine != step.want.Mine || held.By != step.want.By || !held.Until.Equal(step.want.Until) {
				t.Errorf("%s: %s: %+v, %v", release, step.name, held, err)
			}
		}
		if err := a.Release(ctx, lease("a")); err != nil {
			t.Error(err)
		}
		if held, err := a.Acquire(ctx, lease("a")); err != nil || held.Mine {
			t.Errorf("%s: released by one who has not got it: %+v, %v", release, held, err)
		}
		if err := b.Release(ctx, lease("b")); err != nil {
			t.Error(err)
		}
		if held, err := a.Acquire(ctx, lease("a")); err != nil || !held.Mine {
			t.Errorf("%s: not free after its release: %+v, %v", release, held, err)
		}
	}
}

func TestLeaseIsWrittenAsOthersReadIt(t *testing.T) {
	s := serveRelease(t, "v1.28.15")
	s.Now = noon
	c := s.client(t)
	for _, unit := range []string{"a", "b"} {
		if _, err := c.Acquire(context.Background(), lease(unit)); err != nil {
			t.Fatal(err)
		}
		s.Now = s.Now.Add(time.Hour)
	}
	want := `"spec":{"acquireTime":"2031-01-02T13:00:00.000000Z","holderIdentity":"b","leaseDurationSeconds":60,"leaseTransitions":2,"renewTime":"2031-01-02T13:00:00.000000Z"}`
	if got := s.At(leasePath); !strings.Contains(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOfTwoWhoTakeALeaseAtOnceOneGetsIt(t *testing.T) {
	for name, test := range map[string]struct {
		there  bool
		method string
	}{"a new one": {false, http.MethodPost}, "one that has run out": {true, http.MethodPut}} {
		s := serveRelease(t, "v1.28.15")
		s.Now = noon
		c := s.client(t)
		if test.there {
			if _, err := c.Acquire(context.Background(), lease("old")); err != nil {
				t.Fatal(err)
			}
			s.Now = noon.Add(time.Hour)
		}
		s.Written()
		s.Before = func(r *http.Request, s *kubetest.Store) {
			s.Before = nil
			s.Set(leasePath, map[string]any{"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": map[string]any{"name": "upgrade", "namespace": "kube-system"},
				"spec": map[string]any{"holderIdentity": "faster", "leaseDurationSeconds": 60, "renewTime": s.Now.Format(time.RFC3339)}})
		}
		held, err := c.Acquire(context.Background(), lease("a"))
		if err != nil || held.Mine || held.By != "faster" {
			t.Errorf("%s: %+v, %v", name, held, err)
		}
		if writes := s.Written(); len(writes) != 1 || !strings.HasPrefix(writes[0], test.method) {
			t.Errorf("%s: %q", name, writes)
		}
	}
}

func TestANoteOnALeaseIsLeftAndHeeded(t *testing.T) {
	ctx := context.Background()
	s := serveRelease(t, "v1.28.15")
	s.Now = noon
	c := s.client(t)
	var read []string
	noted := func(unit string, leave *string) kube.Lease {
		l := lease(unit)
		l.Note, l.Leave = "test/note", leave
		l.Heed = func(note string) bool { read = append(read, note); return note == "stop" }
		return l
	}
	stop, other, none := "stop", "other", ""
	acquire := func(name string, l kube.Lease, want kube.Held) {
		t.Helper()
		s.Written()
		held, err := c.Acquire(ctx, l)
		if held.Until = (time.Time{}); err != nil || held != want {
			t.Errorf("%s: %+v, %v, want %+v", name, held, err, want)
		}
		if writes := s.Written(); want.Mine == (len(writes) == 0) {
			t.Errorf("%s: wrote %q", name, writes)
		}
	}
	release := func(l kube.Lease) {
		t.Helper()
		if err := c.Release(ctx, l); err != nil {
			t.Error(err)
		}
	}
	acquire("a new one has no note", noted("a", nil), kube.Held{Mine: true, By: "a"})
	release(noted("b", &stop))
	acquire("nobody else leaves one", noted("a", nil), kube.Held{Mine: true, By: "a"})
	release(noted("a", &stop))
	acquire("a note is heeded", noted("b", nil), kube.Held{Noted: true})
	acquire("not by who does not ask", lease("b"), kube.Held{Mine: true, By: "b"})
	acquire("it is not looked at while somebody has it", noted("a", nil), kube.Held{By: "b"})
	acquire("the holder heeds it, too", noted("b", nil), kube.Held{By: "b", Noted: true})
	release(noted("b", nil))
	acquire("it stays", noted("b", nil), kube.Held{Noted: true})
	acquire("b goes on", lease("b"), kube.Held{Mine: true, By: "b"})
	release(noted("b", &other))
	acquire("it is another one now", noted("a", nil), kube.Held{Mine: true, By: "a"})
	release(noted("a", &none))
	acquire("it is gone", noted("a", nil), kube.Held{Mine: true, By: "a"})
	if want := []string{"stop", "stop", "stop", "other"}; !slices.Equal(read, want) {
		t.Errorf("read %q, want %q", read, want)
	}
	if at := s.At(leasePath); strings.Contains(at, "test/note") {
		t.Errorf("left is %s", at)
	}
}

func TestLeaseThatSaysTooLittleIsFree(t *testing.T) {
	for name, spec := range map[string]string{
		"no content":        `{}`,
		"nobody":            `{"holderIdentity":"","renewTime":"2031-01-02T12:00:00.000000Z","leaseDurationSeconds":3600}`,
		"never renewed":     `{"holderIdentity":"x","leaseDurationSeconds":3600}`,
		"no time":           `{"holderIdentity":"x","renewTime":"noon","leaseDurationSeconds":3600}`,
		"no duration":       `{"holderIdentity":"x","renewTime":"2031-01-02T11:59:00Z"}`,
		"negative duration": `{"holderIdentity":"x","renewTime":"2031-01-02T12:00:00Z","leaseDurationSeconds":-3600}`,
		"wrong types":       `{"holderIdentity":7,"renewTime":7,"leaseDurationSeconds":"x","leaseTransitions":"x"}`,
	} {
		s := serveRelease(t, "v1.28.15")
		s.Now = noon
		s.Put(leasePath, `{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"upgrade","namespace":"kube-system"},"spec":`+spec+`}`)
		if held, err := s.client(t).Acquire(context.Background(), lease("a")); err != nil || !held.Mine {
			t.Errorf("%s: %+v, %v", name, held, err)
		}
	}
}

func TestLeaseThatCannotBeHadIsAnError(t *testing.T) {
	ctx := context.Background()
	s := serveRelease(t, "v1.28.15")
	for _, bad := range []kube.Lease{{Namespace: "n", Name: "l", Duration: time.Minute}, {Namespace: "n", Name: "l", Holder: "a", Duration: time.Millisecond}} {
		if _, err := s.client(t).Acquire(ctx, bad); err == nil || len(s.requests()) != 0 {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	s.Broken[leasePath] = 503
	if _, err := s.client(t).Acquire(ctx, lease("a")); kube.KindOf(err) != kube.Unreachable {
		t.Error(err)
	}
	if err := s.client(t).Release(ctx, lease("a")); kube.KindOf(err) != kube.Unreachable {
		t.Error(err)
	}

	silent := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil // it does not tell the time
		s.ServeHTTP(w, r)
	})
	_, err := newClient(t, 0, caOf(silent), silent.URL).Acquire(ctx, kube.Lease{Namespace: "kube-system", Name: "other", Holder: "a", Duration: time.Minute})
	if err == nil || err.Error() != "cannot get Lease kube-system/other: the API server does not tell the time" {
		t.Error(err)
	}
	if slices.ContainsFunc(silent.requests(), func(line string) bool { return !strings.HasPrefix(line, "GET ") }) {
		t.Errorf("asked %q", silent.requests())
	}
}
