package worker

import (
	"fmt"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/release"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/state"
)

// Approval is an operator's word on an upgrade: the parameters of the upgrade action. Its zero value is that of hooks,
// which upgrade by themselves where require-manual-upgrade is false.
type Approval = state.Approval

// MayUpgrade reports whether installed snaps may be refreshed in this hook.
func (f Facts) MayUpgrade() bool {
	return (f.Approval.Given || !f.Options.RequireManualUpgrade) && f.UpgradeFailed.Reason == "" && f.UpgradeStopped == nil
}

// wanted is the release that the kubelet shall have; zero where that cannot be told before it is installed.
func (f Facts) wanted() kubeversion.Version {
	if r := f.Resources["kubelet"]; r.Attached() {
		return r.Version
	}
	v, _ := kubeversion.ParseChannel(f.Options.Channel.String())
	return v
}

// upgradeFault says why the wanted release must not be installed here, whoever asks for it.
func (f Facts) upgradeFault() error {
	want := f.wanted()
	if want.IsZero() {
		return nil
	}
	if _, installed := f.Snaps["kubelet"]; !installed || f.outdated("kubelet") {
		if fault := f.hostFault(want); fault != nil {
			return fault
		}
	}
	if f.outdated("kubelet") && f.runtimeOf(want).Keeper == runtime.Refused {
		return f.dockerRefused(want.Release()) // before the kubelet that works with it is gone
	}
	if f.outdated("kubelet") && f.downgrade() && !f.Approval.AllowDowngrade {
		return condition.NewBlocked(fmt.Sprintf(
			"Kubernetes %s is older than the %s that is installed, and nodes cannot safely go back; set channel to %s or later, or run the upgrade action with allow-downgrade=true",
			want.Release(), f.KubeletVersion, f.KubeletVersion.Release()))
	}
	if f.outdated("kubelet") && f.MayUpgrade() && !want.SameMinor(f.KubeletVersion) && !f.KubeletVersion.IsZero() {
		return f.optionFault(want)
	}
	return nil
}

// optionFault says which option the daemons of a release would not take although those that are installed do: better now than
// when the pods are gone.
func (f Facts) optionFault(v kubeversion.Version) error {
	node, proxy := f.kubeletInput(), f.kubeProxyInput()
	if len(kubelet.Render(node).Problems)+len(kubeproxy.Render(proxy).Problems) > 0 {
		return nil // the value before is in force
	}
	node.Version, proxy.Version, node.Docker = v, v, f.runtimeOf(v).Docker()
	for _, p := range kubelet.Render(node).Problems {
		return condition.NewBlocked(p.Error())
	}
	for _, p := range kubeproxy.Render(proxy).Problems {
		return condition.NewBlocked(p.Error())
	}
	return nil
}

// hostFault says why the kubelet of a release does not run on this machine, and what does; nil where it runs.
func (f Facts) hostFault(v kubeversion.Version) error {
	var remedy string
	switch {
	case release.RunsOn(v, f.CgroupVersion) || f.CgroupVersion == 1 && f.cgroupV1Allowed():
		return nil
	case f.CgroupVersion == 1:
		remedy = fmt.Sprintf("channels up to 1.%d do, set the option channel, or boot the machine with cgroup v2, or allow cgroup v1 by {failCgroupV1: false} in kubelet-extra-config",
			release.LastOn(1))
	default:
		remedy = fmt.Sprintf("channels from 1.%d on do, set the option channel", release.FirstOn(f.CgroupVersion))
	}
	return condition.NewBlocked(fmt.Sprintf("Kubernetes %s does not run on this machine, which has cgroup v%d; %s", v.Release(), f.CgroupVersion, remedy))
}

// cgroupV1Allowed reports whether a person lets a kubelet of any release run with version 1 of control groups.
func (f Facts) cgroupV1Allowed() bool {
	if f.Options.KubeletExtraConfig["failCgroupV1"] == false {
		return true
	}
	for _, arg := range f.Options.KubeletExtraArgs {
		if arg.Key == "fail-cgroupv1" && arg.Value == "false" {
			return true
		}
	}
	return f.Options.AnyUnknown(options.KubeletExtraConfig) // the finding about the option is the status
}

func (f Facts) downgrade() bool {
	return !f.KubeletVersion.IsZero() && f.wanted().Older(f.KubeletVersion)
}

func (f Facts) drained(why string) resource.NodeDrained {
	return resource.NodeDrained{Node: f.NodeName, Why: why, DeleteLocalData: f.Approval.DeleteLocalData, Force: f.Approval.Force,
		Timeout: time.Duration(f.Approval.DrainSeconds) * time.Second}
}
