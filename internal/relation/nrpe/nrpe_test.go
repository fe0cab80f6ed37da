package nrpe_test

import (
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/nagios"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/nrpe"
	"kubernetes-worker/internal/relation/relationtest"
)

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := nrpe.Decode(c.Relations)
			c.Check(t, facts, problems)
		})
	}
}

func TestChecksArePublishedTogether(t *testing.T) {
	bag := nrpe.Encode([]string{"docker", "snap.kubelet.daemon", "snap.kube-proxy.daemon"})
	if bag["primary"] != "True" || len(bag) != 2 {
		t.Errorf("Encode() = %v", bag)
	}
	var got map[string]map[string]map[string]map[string]map[string]string
	if err := yaml.Unmarshal([]byte(bag["monitors"]), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{
		"docker": {"command": "check_docker"}, "snap.kubelet.daemon": {"command": "check_snap.kubelet.daemon"},
		"snap.kube-proxy.daemon": {"command": "check_snap.kube-proxy.daemon"},
	}
	if !reflect.DeepEqual(got["monitors"]["remote"]["nrpe"], want) {
		t.Errorf("monitors:\n%s", bag["monitors"])
	}
}

func FuzzDecode(f *testing.F) {
	for _, value := range relationtest.Junk() {
		f.Add(value, "juju")
	}
	f.Add("juju-kubernetes-worker-0", "site")
	f.Fuzz(func(t *testing.T, name, context string) {
		facts, problems := nrpe.Decode([]relation.Relation{{Endpoint: "nrpe-external-master", Units: []relation.Unit{
			{Name: "nrpe/0", Data: relation.Bag{"nagios_hostname": name, "nagios_host_context": context}}}}})
		for _, value := range []string{name, context} {
			relationtest.NoLeak(t, problems, value)
		}
		for _, text := range []string{facts.Hostname, facts.Context} {
			if text != "" && nagios.CheckName(text) != "" || strings.ContainsAny(text, "/{};\n $") {
				t.Errorf("%q is let through", text)
			}
		}
	})
}
