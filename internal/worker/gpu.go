package worker

import (
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/release"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// gpuRuntime reports whether the runtime in force gives GPUs to containers.
func (f Facts) gpuRuntime() bool {
	choice := f.runtime()
	if choice.Keeper == runtime.Ours {
		return f.sourceInForce(choice.Docker()) == options.RuntimeNvidia
	}
	return choice.Socket != "" && f.Runtime.Nvidia
}

// gpuHandler starts the driver where the runtime can give GPUs to containers, and forgets it where it cannot any more.
// Labels and the control plane follow what is remembered.
func gpuHandler() Handler {
	return Handler{Name: "gpu", When: []flag{VersionKnown}, Declare: func(f Facts) ([]resource.Resource, error) {
		switch {
		case f.gpuRuntime() && f.runtimeRuns() && release.Has(f.KubeletVersion, release.GPUWithoutPrivilege):
			return []resource.Resource{resource.GPU{}}, nil
		case f.GPU && f.gpuLost():
			return []resource.Resource{resource.GPU{Absent: true}}, nil
		}
		return nil, nil
	}}
}

// gpuLost reports whether the runtime is known to be one without GPUs: a related one that has not spoken yet may have them.
func (f Facts) gpuLost() bool {
	choice := f.runtime()
	return !f.gpuRuntime() && (choice.Keeper == runtime.Ours && f.sourceInForce(choice.Docker()) != "" || f.Runtime.Socket != "")
}

// gpuLabels mark a node with GPUs.
func (f Facts) gpuLabels() map[string]string {
	if !f.GPU {
		return nil
	}
	return map[string]string{"gpu": "true", "cuda": "true"}
}

func (f Facts) gpuWarnings() []string {
	switch {
	case !f.gpuRuntime():
		return nil
	case !release.Has(f.KubeletVersion, release.GPUWithoutPrivilege):
		return []string{"Upgrade to snap channel >= 1.9/stable to enable GPU support."}
	case f.GPUFailure != "":
		return []string{"Unable to communicate with the NVIDIA driver. " + f.GPUFailure}
	}
	return nil
}
