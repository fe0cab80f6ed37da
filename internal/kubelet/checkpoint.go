package kubelet

import (
	"cmp"
	"path"

	"gopkg.in/yaml.v3"
)

// Checkpoint is a file in which the kubelet remembers what it has given to containers, and by which policy. One that was
// written by another policy than the present keeps the kubelet from starting.
type Checkpoint struct {
	Path   string
	Policy string
}

// rememberers are the kubelet's managers that write one, each with its flag, its field and its policy where none is set.
var rememberers = [...]struct{ file, flag, field, policy string }{
	{"cpu_manager_state", "cpu-manager-policy", "cpuManagerPolicy", "none"},
	{"memory_manager_state", "memory-manager-policy", "memoryManagerPolicy", "None"},
}

// checkpoints gives what has to be in the files, if they are there. A flag goes before the configuration, which is nil where
// the release reads none.
func (out *Output) checkpoints(config *yaml.Node) {
	dir, _ := out.Args.Get("root-dir")
	for _, r := range rememberers {
		policy, _ := out.Args.Get(r.flag)
		if config != nil && policy == "" {
			if field := child(config, r.field); field != nil && field.Tag != "!!null" {
				policy = field.Value
			}
		}
		out.Checkpoints = append(out.Checkpoints, Checkpoint{Path: path.Join(cmp.Or(dir, "/var/lib/kubelet"), r.file), Policy: cmp.Or(policy, r.policy)})
	}
}
