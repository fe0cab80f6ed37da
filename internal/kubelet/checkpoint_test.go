package kubelet_test

import (
	"slices"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
)

func TestCheckpointsAreOfThePolicyInForce(t *testing.T) {
	for name, c := range map[string]struct {
		args        string
		config      map[string]any
		cpu, memory string
		dir         string
	}{
		"nothing said":              {cpu: "none", memory: "None"},
		"in the configuration":      {config: map[string]any{"cpuManagerPolicy": "static", "memoryManagerPolicy": "Static"}, cpu: "static", memory: "Static"},
		"nothing in it":             {config: map[string]any{"cpuManagerPolicy": nil, "memoryManagerPolicy": ""}, cpu: "none", memory: "None"},
		"a flag goes before it":     {"cpu-manager-policy=none", map[string]any{"cpuManagerPolicy": "static"}, "none", "None", ""},
		"a flag alone":              {"cpu-manager-policy=static", nil, "static", "None", ""},
		"another directory for all": {"root-dir=/data/kubelet", nil, "none", "None", "/data/kubelet"},
	} {
		in := machine(t, "1.28.0")
		in.ExtraArgs, _ = arguments.Parse("kubelet-extra-args", c.args)
		in.ExtraConfig = c.config
		if c.dir == "" {
			c.dir = "/var/lib/kubelet"
		}
		want := []kubelet.Checkpoint{{Path: c.dir + "/cpu_manager_state", Policy: c.cpu}, {Path: c.dir + "/memory_manager_state", Policy: c.memory}}
		if out := kubelet.Render(in); !slices.Equal(out.Checkpoints, want) || len(out.Problems) > 0 {
			t.Errorf("%s: %v, want %v; problems %v", name, out.Checkpoints, want, out.Problems)
		}
	}
	in := machine(t, "1.9.0")
	in.ExtraArgs = []arguments.Argument{{Key: "cpu-manager-policy", Value: "static"}}
	if out := kubelet.Render(in); len(out.Checkpoints) != 2 || out.Checkpoints[0].Policy != "static" {
		t.Errorf("without a configuration: %v", out.Checkpoints)
	}
}
