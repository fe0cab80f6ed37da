package juju

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

func TestConfigOfUnknownShapeNamesTheOptionAndHidesTheValue(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"x","docker-logins":["hunter2"]}`: "cannot read option docker-logins: not the expected JSON, a string, a number or a boolean",
		`{"labels":{"hunter2":1}}`:              "cannot read option labels: not the expected JSON, a string, a number or a boolean",
		`["hunter2"]`:                           "cannot read output of config-get: not the expected JSON, an object",
		`hunter2: x`:                            "cannot read output of config-get: not the expected JSON, an object",
	} {
		if _, err := parseConfig([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestConfigKeepsTypes(t *testing.T) {
	got, err := parseConfig([]byte(`{"s":"1","b":false,"i":-3,"big":9007199254740993,"f":1.5,"none":null}` + "\n"))
	want := map[string]any{"s": "1", "b": false, "i": int64(-3), "big": int64(9007199254740993), "f": 1.5}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestNothingIsAnEmptyAnswer(t *testing.T) {
	for _, text := range []string{"", "\n", "null\n"} {
		out := []byte(text)
		config, err1 := parseConfig(out)
		list, err2 := parseStrings("relation-ids", out)
		bag, err3 := parseBag(out)
		network, err4 := parseNetwork(out)
		goal, err5 := parseGoalState(out)
		ports, err6 := parsePorts(out)
		params, err7 := parseParams(out)
		address, err8 := parseString("unit-get", out)
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
			if err != nil {
				t.Errorf("%q, parser %d: %v", text, i+1, err)
			}
		}
		if len(config)+len(list)+len(bag)+len(goal.Relations)+len(ports)+len(params)+len(address) != 0 ||
			!reflect.DeepEqual(network, Network{}) || ports == nil || params == nil {
			t.Errorf("%q: %v %v %v %v %v %v %v", text, config, list, bag, network, goal, ports, params)
		}
	}
}

func TestAnswersOfWrongShapeAreErrorsWithoutTheirText(t *testing.T) {
	for name, parse := range map[string]func([]byte) error{
		"relation-ids": func(b []byte) error { _, err := parseStrings("relation-ids", b); return err },
		"unit-get":     func(b []byte) error { _, err := parseString("unit-get", b); return err },
		"is-leader":    func(b []byte) error { _, err := parseBool("is-leader", b); return err },
		"relation-get": func(b []byte) error { _, err := parseBag(b); return err },
		"network-get":  func(b []byte) error { _, err := parseNetwork(b); return err },
		"goal-state":   func(b []byte) error { _, err := parseGoalState(b); return err },
		"opened-ports": func(b []byte) error { _, err := parsePorts(b); return err },
		"action-get":   func(b []byte) error { _, err := parseParams(b); return err },
	} {
		for _, text := range []string{`{"units":["hunter2"],"bind-addresses":"hunter2"`, `hunter2`, `5`} {
			if err := parse([]byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %s: %v", name, text, err)
			}
		}
	}
	if _, err := parseBag([]byte(`{"a":"b","token":{"x":"hunter2"}}`)); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), `"token"`) {
		t.Errorf("bag: %v", err)
	}
}

func TestNetworkAcceptsTheOlderSpelling(t *testing.T) {
	got, err := parseNetwork([]byte(`{"bind-addresses":[{"interfacename":"ens3","addresses":[{"address":"10.0.0.5"},{"value":""}]},{}],"ingress-addresses":[]}`))
	if want := (Network{Bind: []string{"10.0.0.5"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPortsAreSpeltAlike(t *testing.T) {
	got, err := parsePorts([]byte(`["80/tcp (*)","443/TCP","8000-8010/udp (a, b)","icmp","53","443/tcp"]`))
	if want := []string{"443/tcp", "53/tcp", "80/tcp", "8000-8010/udp", "icmp"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"channel":"1.12/stable","ingress":true,"port":10,"ratio":0.5,"unset":null}`))
	f.Add([]byte(`{"a":[1],"b":{"c":null}}`))
	f.Add([]byte(`{"n":1e400,"m":-0}`))
	f.Fuzz(func(t *testing.T, out []byte) {
		config, err := parseConfig(out)
		if err != nil {
			return
		}
		for name, v := range config {
			switch v.(type) {
			case string, bool, int64, float64:
			default:
				t.Errorf("option %q is a %T", name, v)
			}
		}
	})
}

func FuzzParseNetwork(f *testing.F) {
	f.Add([]byte(`{"bind-addresses":[{"addresses":[{"value":"10.0.0.5"}]}],"egress-subnets":["10.0.0.5/32"],"ingress-addresses":["252.0.0.5","10.0.0.5"]}`))
	f.Add([]byte(`{"bind-addresses":null,"ingress-addresses":["","fe80::1%eth0"]}`))
	f.Fuzz(func(t *testing.T, out []byte) {
		n, err := parseNetwork(out)
		if err != nil {
			return
		}
		s := Snapshot{PrivateAddress: "10.9.9.9", Networks: map[string]Network{"e": n}}
		got := s.IngressAddress("e")
		if got == "" {
			t.Error("no address although there is one")
		}
		if ip, err := netip.ParseAddr(got); err == nil && ip.Is4() && ip.As4()[0] >= 240 {
			for _, other := range n.Ingress {
				if ip, err := netip.ParseAddr(other); err != nil || !ip.Unmap().Is4() || ip.Unmap().As4()[0] < 240 {
					t.Errorf("%s is taken before %s", got, other)
				}
			}
		}
	})
}

func FuzzParseGoalState(f *testing.F) {
	f.Add([]byte(`{"units":{"w/0":{"status":"active","since":"2018-10-17 10:00:00Z"}},"relations":{"kube-control":{"m":{"status":"joined"}}}}`))
	f.Add([]byte(`{"units":null,"relations":{"x":null}}`))
	f.Fuzz(func(t *testing.T, out []byte) {
		g, err := parseGoalState(out)
		if err == nil && (g.Units == nil || g.Relations == nil) {
			t.Error("a map is missing")
		}
	})
}

func FuzzParsePorts(f *testing.F) {
	f.Add([]byte(`["80/tcp","443/tcp (*)","icmp"]`))
	f.Add([]byte(`[" ","/","-"]`))
	f.Fuzz(func(t *testing.T, out []byte) {
		ports, err := parsePorts(out)
		if err != nil {
			return
		}
		if !slices.IsSorted(ports) {
			t.Errorf("not sorted: %q", ports)
		}
		for _, p := range ports {
			if portName(p) != p {
				t.Errorf("%q is respelt %q", p, portName(p))
			}
		}
	})
}

func FuzzParseBag(f *testing.F) {
	f.Add([]byte(`{"private-address":"10.0.0.5","creds":"{\"a\": 1}"}`))
	f.Add([]byte(`{"a":null}`))
	f.Fuzz(func(t *testing.T, out []byte) {
		if bag, err := parseBag(out); err == nil && bag == nil {
			t.Error("no bag and no error")
		}
	})
}

func FuzzSettingsFileReadsBackAsYAMLAndAsJSON(f *testing.F) {
	for _, value := range []string{"x", "true", "053", "null", "a: b\n- c", "\"\\ \x7f\u0085\ufeff\u2028é😀\r\t", "{", "\x01\x1b\uFFFE\uFFFF"} {
		f.Add("key", value)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		if key == "other" {
			return
		}
		want := map[string]string{key: value, "other": "y"}
		file, err := settingsFile(want)
		if err != nil {
			if utf8.ValidString(key) && utf8.ValidString(value) && key != "" && !strings.ContainsAny(key, "=\n") {
				t.Errorf("refused: %v", err)
			}
			return
		}
		var asJSON, asYAML map[string]string
		if err := json.Unmarshal(file, &asJSON); err != nil || !reflect.DeepEqual(asJSON, want) {
			t.Errorf("JSON %s: %q, %v", file, asJSON, err)
		}
		if err := yaml.Unmarshal(file, &asYAML); err != nil || !reflect.DeepEqual(asYAML, want) {
			t.Errorf("YAML %s: %q, %v", file, asYAML, err)
		}
	})
}
