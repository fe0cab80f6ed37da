package options_test

import (
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
)

func TestTheCharmsOwnProxyWinsOverTheModels(t *testing.T) {
	own, _ := options.Parse(map[string]any{"http_proxy": "http://own:1"})
	proxy, origin, findings := own.EffectiveProxy(options.Proxy{HTTP: "http://model:1", HTTPS: " http://model:2 ", NoProxy: ""})
	if want := (options.Proxy{HTTP: "http://own:1", HTTPS: "http://model:2"}); proxy != want || len(findings) > 0 {
		t.Errorf("proxy = %+v, findings %v", proxy, findings)
	}
	want := map[options.Option]string{options.HTTPProxy: options.FromOption, options.HTTPSProxy: options.FromModel, options.NoProxy: options.FromNobody}
	if !reflect.DeepEqual(origin, want) {
		t.Errorf("origin = %v", origin)
	}
}

func TestABadModelProxyIsIgnoredWithAWarning(t *testing.T) {
	own, _ := options.Parse(nil)
	proxy, origin, findings := own.EffectiveProxy(options.Proxy{HTTP: "ftp://u:hunter2@x", NoProxy: strings.Repeat("a,", 2000)})
	if proxy != (options.Proxy{}) || origin[options.HTTPProxy] != options.FromNobody || len(findings) != 2 {
		t.Errorf("proxy = %+v, origin %v, findings %v", proxy, origin, findings)
	}
	for _, f := range findings {
		if f.Severity != options.Warning || strings.Contains(f.Message, "hunter2") {
			t.Errorf("finding %+v", f)
		}
	}
}

func TestClusterAddressesAreAddedOnceAndOnlyWhereTheyFit(t *testing.T) {
	p := options.Proxy{HTTP: "http://p:1", NoProxy: "a, 10.0.0.1,"}
	got, left := p.WithoutProxyFor("10.0.0.1", "10.1.0.0/16", "", "10.1.0.0/16", ".svc")
	if got.NoProxy != "a, 10.0.0.1,10.1.0.0/16,.svc" || len(left) > 0 || got.HTTP != p.HTTP {
		t.Errorf("%+v, left %v", got, left)
	}
	if got, _ := (options.Proxy{}).WithoutProxyFor("x", "y"); got.NoProxy != "x,y" {
		t.Errorf("%+v", got)
	}
	full := options.Proxy{NoProxy: strings.Repeat("x", options.MaxNoProxy-2)}
	got, left = full.WithoutProxyFor("long", "y")
	if len(got.NoProxy) != options.MaxNoProxy || !reflect.DeepEqual(left, []string{"long"}) {
		t.Errorf("length %d, left %v", len(got.NoProxy), left)
	}
}
