package companion

import "testing"

func TestAnIntegratorAnswersWhoHasAsked(t *testing.T) {
	bag := map[string]string{
		"instance-id": `"i-1"`, "instance": `"juju-1"`, "vm-id": `"vm-1"`, "requested": "true", "private-address": "10.0.0.5",
	}
	nonce := map[string]string{"instance": `"juju-1"`, "vm-id": `"vm-1"`, "requested": `"ab12cd34"`}
	for _, test := range []struct {
		name, kind string
		options    map[string]string
		peer       map[string]string
		key, want  string
	}{
		{"aws", "aws-integrator", nil, bag, "completed", `{"i-1": "` + mustHash(t, bag) + `"}`},
		{"aws, asked too little", "aws-integrator", nil, map[string]string{"instance-id": `"i-1"`}, "completed", ""},
		{"gcp", "gcp-integrator", nil, nonce, "completed", `{"juju-1": "ab12cd34"}`},
		{"gcp, another's answer", "gcp-integrator", map[string]string{"say": "wrong"}, nonce, "completed", `{"juju-1": "0ab12cd34"}`},
		{"azure", "azure-integrator", nil, nonce, "completed", `{"vm-1": "ab12cd34"}`},
		{"azure, half", "azure-integrator", map[string]string{"say": "half"}, nonce, "security-group-name", ""},
		{"openstack", "openstack-integrator", map[string]string{"password": `p"w`}, nil, "password", `"p\"w"`},
		{"openstack, not set", "openstack-integrator", nil, nil, "subnet_id", "null"},
		{"vsphere", "vsphere-integrator", nil, nil, "vsphere_ip", `"10.0.0.2"`},
		{"nothing", "vsphere-integrator", map[string]string{"say": "nothing"}, nil, "vsphere_ip", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world(t, test.kind, "clients", 1, test.options, Peer{Name: "worker/0", Data: test.peer})
			w.Units[0].Leader = true
			if got := reconcile(t, test.kind, w).Bags[3]["it/0"][test.key]; got != test.want {
				t.Errorf("%s = %s, want %s", test.key, got, test.want)
			}
		})
	}
}

func mustHash(t *testing.T, bag map[string]string) string {
	t.Helper()
	hash, err := hashOfAll(bag)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// The vector of the specification, so that both ends are held to it.
func TestTheHashOfABagIsTheOneOfTheSpecification(t *testing.T) {
	const owned = `{"kubernetes.io/cluster/kubernetes-abc": "owned"}`
	got := mustHash(t, map[string]string{
		"egress-subnets": "172.31.5.6/32", "ingress-address": "172.31.5.6", "private-address": "172.31.5.6",
		"instance-id": `"i-0123456789abcdef0"`, "region": `"us-east-1"`,
		"instance-tags": owned, "instance-security-group-tags": owned, "instance-subnet-tags": owned,
		"enable-object-storage-management": "true", "object-storage-management-patterns": `["arn:aws:s3:::kubernetes-*"]`,
		"enable-instance-inspection": "true", "enable-dns": "true", "requested": "true",
	})
	if got != "fec459d6ae9c686facde8ec7ee2ecb6789dfd4d487ab1489ab283aa4324c3392" {
		t.Errorf("hash is %s", got)
	}
}
