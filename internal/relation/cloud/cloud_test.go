package cloud_test

import (
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/relation/relationtest"
)

var instances = map[string]cloud.Instance{
	cloud.AWS:   {Cloud: cloud.AWS, ID: "i-0123456789abcdef0", Place: "us-east-1"},
	cloud.GCP:   {Cloud: cloud.GCP, Name: "juju-1", Place: "us-east1-b"},
	cloud.Azure: {Cloud: cloud.Azure, ID: "vm-1", Name: "machine-1", Group: "juju-group", Place: "westus", Subscription: "sub-1"},
}

func request(name string) cloud.Request {
	return cloud.Request{Instance: instances[name], ClusterTag: "kubernetes-abc", ModelUUID: "model-1"}
}

func TestHashOfTheWholeBagIsTheOneOfTheSpecification(t *testing.T) {
	const owned = `{"kubernetes.io/cluster/kubernetes-abc": "owned"}`
	bag := relation.Bag{
		"egress-subnets": "172.31.5.6/32", "ingress-address": "172.31.5.6", "private-address": "172.31.5.6",
		"instance-id": `"i-0123456789abcdef0"`, "region": `"us-east-1"`,
		"instance-tags": owned, "instance-security-group-tags": owned, "instance-subnet-tags": owned,
		"enable-object-storage-management": "true", "object-storage-management-patterns": `["arn:aws:s3:::kubernetes-*"]`,
		"enable-instance-inspection": "true", "enable-dns": "true", "requested": "true",
	}
	if got := cloud.BagHash(bag); got != "fec459d6ae9c686facde8ec7ee2ecb6789dfd4d487ab1489ab283aa4324c3392" {
		t.Errorf("BagHash() = %s", got)
	}
	bag["private-address"] = "172.31.5.7"
	if got := cloud.BagHash(bag); strings.HasPrefix(got, "fec459d6") {
		t.Error("another address gives the same hash")
	}
}

func TestRequestsAreWrittenByteForByte(t *testing.T) {
	const owned, labels = `{"kubernetes.io/cluster/kubernetes-abc": "owned"}`, `{"k8s-io-cluster-name": "kubernetes-abc"}`
	enabled := func(more relation.Bag) relation.Bag {
		for _, key := range []string{"enable-object-storage-management", "enable-instance-inspection", "enable-dns", "enable-dns-management"} {
			more[key] = "true"
		}
		return more
	}
	for name, want := range map[string]relation.Bag{
		cloud.AWS: enabled(relation.Bag{
			"instance-id": `"i-0123456789abcdef0"`, "region": `"us-east-1"`, "requested": "true",
			"instance-tags": owned, "instance-security-group-tags": owned, "instance-subnet-tags": owned,
			"object-storage-management-patterns": `["arn:aws:s3:::kubernetes-*"]`,
		}),
		cloud.GCP: enabled(relation.Bag{
			"charm": `"kubernetes-worker"`, "instance": `"juju-1"`, "zone": `"us-east1-b"`, "model-uuid": `"model-1"`, "instance-labels": labels,
		}),
		cloud.Azure: enabled(relation.Bag{
			"charm": `"kubernetes-worker"`, "vm-id": `"vm-1"`, "vm-name": `"machine-1"`, "res-group": `"juju-group"`, "model-uuid": `"model-1"`,
			"vm-location": `"westus"`, "subscription-id": `"sub-1"`, "instance-tags": labels,
		}),
	} {
		got := request(name).Encode(name)
		if name != cloud.AWS {
			nonce := got["requested"]
			if len(nonce) != 18 || !relation.Only(strings.Trim(nonce, `"`), "") {
				t.Errorf("%s: nonce %q", name, nonce)
			}
			want["requested"] = nonce
			other := request(name)
			other.ClusterTag = "kubernetes-abd"
			if other.Encode(name)["requested"] == nonce || request(name).Encode(name)["requested"] != nonce {
				t.Errorf("%s: the nonce does not follow the request", name)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: Encode() = %v, want %v", name, got, want)
		}
	}
}

func TestOnlyAWSIsToldAnythingBeforeTheTagIsKnown(t *testing.T) {
	for name, want := range map[string]relation.Bag{
		cloud.AWS: {"instance-id": `"i-0123456789abcdef0"`, "region": `"us-east-1"`}, cloud.GCP: {}, cloud.Azure: {},
	} {
		r := request(name)
		r.ClusterTag = ""
		if got := r.Encode(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", name, got)
		}
		r.Instance = cloud.Instance{}
		if got := r.Encode(name); len(got) != 0 {
			t.Errorf("%s without an identity: %v", name, got)
		}
	}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			rels := map[string][]relation.Relation{}
			for _, r := range c.Relations {
				r.Endpoint, _, _ = strings.Cut(r.ID, ":")
				rels[r.Endpoint] = append(rels[r.Endpoint], r)
			}
			asked := request(c.Input["cloud"])
			if tag, given := c.Input["tag"]; given {
				asked.ClusterTag = tag
			}
			facts, problems := cloud.Decode(rels, asked)
			c.Check(t, facts, problems)
		})
	}
}

// answer is a relation whose integrator has done what a request asks for.
func answer(name string, extra relation.Bag) map[string][]relation.Relation {
	own := request(name).Encode(name)
	own["private-address"] = "10.0.0.5"
	machine := map[string]string{cloud.AWS: "i-0123456789abcdef0", cloud.GCP: "juju-1", cloud.Azure: "vm-1"}[name]
	token := strings.Trim(own["requested"], `"`)
	if name == cloud.AWS {
		token = cloud.BagHash(own)
	}
	data := relation.Bag{"completed": `{"` + machine + `": "` + token + `", "another": "x"}`}
	switch name {
	case cloud.GCP:
		data["credentials"] = `"{\"type\": \"service_account\"}"`
	case cloud.Azure:
		for _, key := range []string{"resource-group-location", "vnet-name", "vnet-resource-group", "subnet-name", "security-group-name"} {
			data[key] = `"` + key + `"`
		}
	}
	for key, value := range extra {
		data[key] = value
	}
	return map[string][]relation.Relation{name: {{ID: name + ":4", Endpoint: name, App: name + "-integrator", Own: own,
		Units: []relation.Unit{{Name: name + "-integrator/0", Data: data}}}}}
}

func TestAnAnswerCountsOnlyForThePresentRequest(t *testing.T) {
	for _, name := range []string{cloud.AWS, cloud.GCP, cloud.Azure} {
		for description, c := range map[string]struct {
			change func(rels []relation.Relation, r *cloud.Request)
			ready  bool
		}{
			"as asked":                           {func([]relation.Relation, *cloud.Request) {}, true},
			"the control plane is away":          {func(_ []relation.Relation, r *cloud.Request) { r.ClusterTag = "" }, true},
			"the identity is not known any more": {func(_ []relation.Relation, r *cloud.Request) { r.Instance = cloud.Instance{} }, true},
			"another cluster":                    {func(_ []relation.Relation, r *cloud.Request) { r.ClusterTag = "kubernetes-abd" }, false},
			"not asked yet":                      {func(rels []relation.Relation, _ *cloud.Request) { rels[0].Own = relation.Bag{} }, false},
			"another machine's answer": {func(rels []relation.Relation, _ *cloud.Request) {
				rels[0].Units[0].Data["completed"] = `{"another": "x"}`
			}, false},
			"another request's answer": {func(rels []relation.Relation, _ *cloud.Request) {
				rels[0].Units[0].Data["completed"] = `{"i-0123456789abcdef0": "x", "juju-1": "x", "vm-1": "x"}`
			}, false},
			"null": {func(rels []relation.Relation, _ *cloud.Request) { rels[0].Units[0].Data["completed"] = "null" }, false},
			"a request that was never made": {func(rels []relation.Relation, r *cloud.Request) {
				r.Instance = cloud.Instance{}
				delete(rels[0].Own, "requested")
				rels[0].Units[0].Data["completed"] = `{"i-0123456789abcdef0": "", "juju-1": "", "vm-1": ""}`
			}, false},
			"no unit":                             {func(rels []relation.Relation, _ *cloud.Request) { rels[0].Units = nil }, false},
			"an answer in a relation made before": {func(rels []relation.Relation, _ *cloud.Request) { rels[0].ID = name + ":10" }, true},
		} {
			rels, r := answer(name, nil), request(name)
			c.change(rels[name], &r)
			facts, problems := cloud.Decode(rels, r)
			if facts.Ready != c.ready || len(problems) > 0 || facts.Name != name {
				t.Errorf("%s, %s: %+v %v", name, description, facts, problems)
			}
		}
	}
	// Juju changes the addresses, and with them the hash, but nobody's nonce.
	for name, want := range map[string]bool{cloud.AWS: false, cloud.GCP: true, cloud.Azure: true} {
		rels := answer(name, nil)
		rels[name][0].Own["private-address"] = "10.0.0.6"
		if facts, _ := cloud.Decode(rels, request(name)); facts.Ready != want {
			t.Errorf("%s after a change of address: ready %v", name, facts.Ready)
		}
	}
}

func TestOfSeveralCloudsTheReadyOneIsTaken(t *testing.T) {
	rels := answer(cloud.Azure, nil)
	rels[cloud.AWS] = []relation.Relation{{ID: "aws:1", Endpoint: "aws", Units: []relation.Unit{{Name: "a/0"}}}}
	facts, problems := cloud.Decode(rels, request(cloud.Azure))
	if facts.Name != cloud.Azure || !facts.Ready || len(problems) != 1 || problems[0].Endpoint != "aws" {
		t.Errorf("%+v %v", facts, problems)
	}
	if name, id := cloud.Asked(rels); name != cloud.AWS || id != "aws:1" {
		t.Errorf("asked is %s %s", name, id)
	}
}

func TestJunkIsNotTakenAndNotTold(t *testing.T) {
	keys := map[string][]string{
		cloud.AWS: {"completed"}, cloud.GCP: {"completed", "credentials"},
		cloud.Azure:     {"completed", "vnet-name", "use-managed-identity", "resource-group-location"},
		cloud.OpenStack: {"auth_url", "password", "endpoint_tls_ca", "manage_security_groups", "lb_method", "ignore_volume_az"},
		cloud.VSphere:   {"vsphere_ip", "password"},
	}
	for name, names := range keys {
		for description, value := range relationtest.Junk() {
			for _, key := range names {
				rels := map[string][]relation.Relation{name: {{ID: name + ":1", Endpoint: name, Units: []relation.Unit{{Name: "x/0", Data: relation.Bag{key: value}}}}}}
				facts, problems := cloud.Decode(rels, request(name))
				if facts.Ready {
					t.Errorf("%s: %s in %s makes it ready", name, description, key)
				}
				for _, text := range append(texts(problems), facts.Owes) {
					if strings.Contains(text, "hunter2") {
						t.Errorf("%s: %s in %s is told: %s", name, description, key, text)
					}
				}
			}
		}
	}
}

func texts(problems []relation.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	return all
}

func FuzzDecode(f *testing.F) {
	f.Add("aws", "completed", `{"i-0123456789abcdef0": "x"}`)
	f.Add("gcp", "credentials", `"{\"a\": 1}"`)
	f.Add("openstack", "password", `"a\"b;c#d\\e\nf"`)
	f.Add("openstack", "endpoint_tls_ca", `"LS0tLS1CRUdJTg=="`)
	f.Add("azure", "use-managed-identity", "false")
	f.Add("vsphere", "user", "null")
	f.Fuzz(func(t *testing.T, name, key, value string) {
		rels := answer(cloud.AWS, nil)
		if r := answer(name, nil)[name]; name == cloud.GCP || name == cloud.Azure {
			rels = map[string][]relation.Relation{name: r}
		} else if name != cloud.AWS {
			rels = map[string][]relation.Relation{name: {{ID: name + ":1", Endpoint: name, Units: []relation.Unit{{Name: "x/0", Data: relation.Bag{}}}}}}
		}
		for _, rel := range rels {
			rel[0].Units[0].Data[key] = value
			cloud.BagHash(rel[0].Units[0].Data)
		}
		facts, problems := cloud.Decode(rels, request(name))
		relationtest.NoLeak(t, problems, value)
		if text := facts.OpenStack.Password.Reveal() + facts.OpenStack.Region; strings.ContainsAny(text, "\x00\r\x1b\x7f") {
			t.Errorf("%q is let through", text)
		}
	})
}
