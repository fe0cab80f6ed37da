package resource

import "testing"

func TestACheckpointGoesOnlyIfItSaysAnotherPolicy(t *testing.T) {
	for content, stays := range map[string]bool{
		`{"policyName":"static","checksum":1}`: true,
		`{"policyName":"none","checksum":1}`:   false,
		`{"policyName":""}`:                    true,
		`{"checksum":1}`:                       true,
		`{"policyName":7}`:                     true,
		`["static"]`:                           true,
		"\xff":                                 true,
		"":                                     true,
	} {
		sys, h, _ := newSystem(t)
		write(t, h, "/var/lib/kubelet/cpu_manager_state", content)
		for range 2 {
			realise(t, sys, Checkpoint{Path: "/var/lib/kubelet/cpu_manager_state", Policy: "static"}, Checkpoint{Path: "/var/lib/kubelet/missing", Policy: "static"})
		}
		if exists(t, h, "/var/lib/kubelet/cpu_manager_state") != stays {
			t.Errorf("%q: stays is not %t", content, stays)
		}
	}
}
