package charm

import (
	"strings"

	"kubernetes-worker/internal/nagios"
	"kubernetes-worker/internal/worker"
)

// observeSurroundings reads of the machine what only some options and relations need to know, where they are in use.
func (r *run) observeSurroundings(f *worker.Facts) {
	_, f.Configured = r.state.Services[worker.KubeletUnit]
	f.BridgeBefore = r.state.Bridge
	if f.Options.EnableCgroups {
		f.Kernel = worker.KernelFact{
			Arguments: strings.Fields(r.text("/proc/cmdline")), Boot: strings.TrimSpace(r.text("/proc/sys/kernel/random/boot_id")),
			Rebooting: r.system.Reboot,
		}
	}
	if f.Agent.Joined {
		f.Agent.User = lookupUser(r.machine.host, "nagios")
		f.Agent.Export = r.exists(nagios.ExportDir)
		f.Agent.Plugin = ""
		for _, dir := range nagios.PluginDirs() {
			if path := dir + "/" + nagios.Plugin; f.Agent.Plugin == "" && r.exists(path) {
				f.Agent.Plugin = path
			}
		}
	}
}

// text is the content of a file; one that cannot be read has none.
func (r *run) text(path string) string {
	content, err := r.machine.host.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content)
}
