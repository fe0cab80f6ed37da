package options

import (
	"strings"
	"testing"
)

func TestSettingsOfSnapdAreReadOrRefused(t *testing.T) {
	for _, c := range []struct {
		option Option
		value  any
		want   string // the field
		fault  string
	}{
		{SnapdRefresh, nil, "max", ""},
		{SnapdRefresh, "", "", ""},
		{SnapdRefresh, " fri5,23:00-01:00\n", "fri5,23:00-01:00", ""},
		{SnapdRefresh, "anything", "anything", ""},
		{SnapdRefresh, "mon\ntue", "max", "control character"},
		{SnapdRefresh, strings.Repeat("x", 1<<20), "max", "it has 1048576 characters"},
		{SnapdRefresh, true, "max", "comes as a bool"},
		{SnapProxy, "http://user:pw@p.test:3128", "http://user:pw@p.test:3128", ""},
		{SnapProxy, "ftp://p.test", "", "not by \"ftp\""},
		{SnapProxy, "http://hunter2:x@p.test\n", "http://hunter2:x@p.test", ""},
		{SnapProxy, "http://p.test/ Environment=X", "", "it holds a blank"},
		{SnapProxyURL, "", "", ""},
		{SnapProxyURL, "http://store.test/", "http://store.test", ""},
		{SnapProxyURL, "https://store.test:8443/base//", "https://store.test:8443/base", ""},
		{SnapProxyURL, "store.test", "", "reached by http or https"},
		{SnapProxyURL, "http://", "", "names no host"},
		{SnapProxyURL, "http://u:hunter2@store.test", "", "a user's name or a password"},
		{SnapProxyURL, "http://store.test?x=1", "", "a query"},
		{SnapProxyURL, "http://store.test\nX: y", "", "control character"},
		{SnapProxyURL, "http://[::1", "", "no URL"},
		{SnapProxyURL, 7, "", "comes as a int"},
	} {
		o, findings := Parse(map[string]any{string(c.option): c.value})
		field := map[Option]string{SnapdRefresh: o.SnapdRefresh, SnapProxy: o.SnapProxy, SnapProxyURL: o.SnapProxyURL}[c.option]
		if field != c.want {
			t.Errorf("%s %.40q: %q, want %q", c.option, c.value, field, c.want)
		}
		if (c.fault == "") != (len(findings) == 0) || c.fault != "" && !strings.Contains(findings[0].Message, c.fault) {
			t.Errorf("%s %.40q: findings %v, want %q", c.option, c.value, findings, c.fault)
		}
		for _, f := range findings {
			if strings.Contains(f.Message, "hunter2") {
				t.Errorf("%s shows a password", c.option)
			}
		}
	}
}

func TestSnapdTakesTheOptionBeforeTheModelsProxies(t *testing.T) {
	for _, c := range []struct {
		name, option string
		model        Proxy
		http, https  string
		asked        bool
	}{
		{"nothing", "", Proxy{}, "", "", false},
		{"the option is for both kinds", "http://own.test:1", Proxy{HTTP: "http://m.test", HTTPS: "http://n.test"}, "http://own.test:1", "http://own.test:1", true},
		{"the model's, each for its kind", "", Proxy{HTTP: "http://m.test", HTTPS: "http://n.test"}, "http://m.test", "http://n.test", false},
		{"one of the model's", "", Proxy{HTTPS: "n.test:3128"}, "", "http://n.test:3128", false},
		{"one that is no proxy", "", Proxy{HTTP: "ftp://m.test"}, "", "", false},
		{"without a scheme", "own.test:3128", Proxy{}, "http://own.test:3128", "http://own.test:3128", true},
	} {
		o, _ := Parse(map[string]any{"snap_proxy": c.option})
		got, asked := o.ProxyOfSnapd(c.model)
		if got.HTTP != c.http || got.HTTPS != c.https || asked != c.asked {
			t.Errorf("%s: %+v, %v", c.name, got, asked)
		}
	}
}

func TestAProxyWithAPasswordIsNotRemembered(t *testing.T) {
	config := map[string]any{"snap_proxy": "http://user:hunter2@p.test", "snapd_refresh": "fri"}
	o, _ := Parse(config)
	good := o.Good(config, nil)
	if _, kept := good["snap_proxy"]; kept || good["snapd_refresh"] != "fri" {
		t.Errorf("kept %v", good)
	}
}
