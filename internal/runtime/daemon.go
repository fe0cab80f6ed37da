package runtime

import (
	"encoding/json"
	"strings"

	"kubernetes-worker/internal/options"
)

// DockerConfigFile is docker's own file of settings, which people and packages write. The charm only reads it: docker
// ends at once where a setting is both there and on its command line.
const DockerConfigFile = "/etc/docker/daemon.json"

// NvidiaRuntime is the program that gives GPUs to a container, and then does what runc does.
const NvidiaRuntime = "/usr/bin/nvidia-container-runtime"

// DaemonConfig is what counts of docker's file of settings.
type DaemonConfig struct {
	Runtimes       bool // it lists runtimes, so that the command line must not
	Nvidia         bool // nvidia among them
	DefaultRuntime bool // it names the one to use
	IPCMode        bool // it says how containers share memory
}

// ReadDaemonConfig reads docker's file. One that cannot be read, which docker would not start with either, says nothing.
func ReadDaemonConfig(content []byte) DaemonConfig {
	var file struct {
		Runtimes       map[string]json.RawMessage `json:"runtimes"`
		DefaultRuntime *string                    `json:"default-runtime"`
		IPCMode        *string                    `json:"default-ipc-mode"`
	}
	if json.Unmarshal(content, &file) != nil {
		return DaemonConfig{}
	}
	_, nvidia := file.Runtimes["nvidia"]
	return DaemonConfig{Runtimes: file.Runtimes != nil, Nvidia: nvidia, DefaultRuntime: file.DefaultRuntime != nil, IPCMode: file.IPCMode != nil}
}

// Usable reports whether nvidia can be made the default: not beside a list of runtimes without it.
func (c DaemonConfig) Usable() bool { return !c.Runtimes || c.Nvidia }

// nvidiaToAdd reports whether the command line has to say what the runtime nvidia is: nobody else does.
func (d Docker) nvidiaToAdd() bool {
	return d.Source == options.RuntimeNvidia && !d.Daemon.Runtimes && !strings.Contains(d.Opts, "add-runtime")
}

// nvidiaByDefault reports whether the command line has to make nvidia the default: no person has named one.
func (d Docker) nvidiaByDefault() bool {
	return d.Source == options.RuntimeNvidia && d.Daemon.Usable() && !d.Daemon.DefaultRuntime && !strings.Contains(d.Opts, "--default-runtime")
}
