package charm

import (
	"bytes"
	"fmt"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/worker"
)

// place reads what decides where a container runtime can come from. It is read once. A distribution that does not say
// which one it is has no repositories but its own.
func (r *run) place(f *worker.Facts) {
	h := r.machine.host
	release, err := h.OSRelease()
	if err == nil {
		f.Place = runtime.Place{ID: release.ID, Version: release.Version, Codename: release.Codename}
	}
	f.Place.Arch, f.Place.Container = f.Arch, f.Container
	if f.Options.DockerRuntime == options.RuntimeAuto && f.Arch == "amd64" && !f.Container {
		f.GPUAddress = h.NvidiaGPU()
	}
}

// observeOrigin reads what of container runtimes is installed, and where it came from.
func (r *run) observeOrigin(f *worker.Facts) error {
	names := runtime.PackageNames(f.Options.Packages)
	installed, err := r.machine.packages.Installed(names)
	if err != nil {
		return fmt.Errorf("cannot see which packages are installed: %w", err)
	}
	f.Packages = installed
	for _, list := range runtime.Lists(f.Place) {
		content, err := r.machine.host.ReadFile(list)
		if err != nil {
			continue
		}
		if bytes.Contains(content, []byte(resource.OurMark)) {
			f.OwnLists = append(f.OwnLists, list)
		} else if list == runtime.DockerList {
			f.ForerunnersNvidia = runtime.ForerunnersNvidia(content)
		}
	}
	if content, err := r.machine.host.ReadFile(runtime.DockerConfigFile); err == nil {
		f.Daemon = runtime.ReadDaemonConfig(content)
	}
	f.AptHTTPS = r.exists(runtime.HTTPSMethod)
	f.RuntimeReady = r.system.Ready(worker.RuntimeGroup)
	f.GPU = r.state.GPU
	if r.system.GPUFailure != nil {
		f.GPUFailure = r.system.GPUFailure.Error()
	}
	return nil
}
