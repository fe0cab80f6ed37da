package worker

import (
	"context"
	"path"
	"slices"
	"time"

	"kubernetes-worker/internal/cloudconfig"
	"kubernetes-worker/internal/kicker"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// Farewell is a part of what a unit that goes away does, with the time that it may take.
type Farewell struct {
	Limit    time.Duration
	Handlers []Handler
}

// Farewells is what a unit that goes away does, in an order that leaves nothing behind: the daemons stop and do not come back
// at boot, the node leaves the cluster, credentials go. What matters less and may take long comes after that: what we installed
// or set for ourselves. What the user may want to keep stays: images, volumes, the container runtime, snaps. Nothing here waits
// for an API server that is gone.
func Farewells(warn func(context.Context, string)) []Farewell {
	return []Farewell{
		// systemd kills what does not stop after a minute and a half; the API servers get half a minute.
		{4 * time.Minute, []Handler{
			{Name: "stop-services", Declare: stopServices},
			{Name: "leave-cluster", Declare: func(f Facts) ([]resource.Resource, error) {
				return []resource.Resource{resource.NodeAbsent{Node: f.NodeName, Owner: f.owner(), Machine: f.MachineID, Warn: warn}}, nil
			}},
			{Name: "pass-on-turn", Declare: func(f Facts) ([]resource.Resource, error) {
				if !f.Turn {
					return nil, nil
				}
				return []resource.Resource{f.upgradeEnded()}, nil
			}},
			{Name: "forget-credentials", Declare: forgetCredentials},
			forgetLogins(),
		}},
		{2 * time.Minute, []Handler{
			forgetChecks(),
			{Name: "forget-files", Declare: forgetFiles},
			{Name: "forget-packages", Declare: forgetPackages},
			{Name: "forget-snapd", Declare: forgetSnapd},
			{Name: "forget-kernel", Declare: func(Facts) ([]resource.Resource, error) {
				return []resource.Resource{resource.KernelArguments{Option: string(options.EnableCgroups), File: grubFile}}, nil
			}},
		}},
	}
}

// stopServices stops the kicker first, so that it starts nothing again.
func stopServices(f Facts) ([]resource.Resource, error) {
	var wants []resource.Resource
	for _, unit := range []string{kicker.Unit, KubeletUnit, KubeProxyUnit} {
		if f.Units[unit].Exists {
			wants = append(wants, resource.Service{Unit: unit, Stopped: true})
		}
	}
	return wants, nil
}

// forgetCredentials removes what lets somebody into the cluster or a cloud, or makes the machine trust them.
func forgetCredentials(f Facts) ([]resource.Resource, error) {
	gone := []string{RootKubeconfig, KubeletKubeconfig, ProxyKubeconfig, ServerKeyFile, ServerCertFile, ClientKeyFile, ClientCertFile}
	if f.UbuntuUser != nil {
		gone = append(gone, f.UbuntuUser.Home+"/.kube/config")
	}
	gone = append(gone, cloudconfig.Paths()...)
	variable := CloudVariable()
	variable.Absent = true
	return append(absent(gone...), variable, resource.TrustedCA{Name: f.App, Absent: true}), nil
}

// forgetFiles removes the rest of what the charm has written, and gives back files of settings that were there before.
func forgetFiles(f Facts) ([]resource.Resource, error) {
	dirs := []string{ConfigDir + "/kubelet", ConfigDir, path.Dir(RootKubeconfig), path.Dir(DockerConfigFile), path.Dir(runtime.ContainerdConfigFile)}
	if f.UbuntuUser != nil {
		dirs = append(dirs, f.UbuntuUser.Home+"/.kube")
	}
	wants := absent(CAFile, KubeletConfigFile)
	for _, file := range []string{runtime.DockerDefaultsFile, runtime.ContainerdConfigFile} {
		wants = append(wants, resource.Restored{Path: file, Backups: []string{file + backupSuffix, file + packagedSuffix}})
	}
	return append(wants,
		resource.LinksGone{Dir: CNIConfigDir, Pattern: defaultCNILinks},
		resource.UnitFilesGone{
			Paths: []string{
				kicker.Enabled, kicker.File, kicker.Program, alwaysRestart(KubeletUnit).Path, alwaysRestart(KubeProxyUnit).Path,
				runtime.DockerDropIn, runtime.ContainerdDropIn,
			},
			Units: []string{kicker.Unit, KubeletUnit, KubeProxyUnit, DockerUnit, ContainerdUnit},
		},
		resource.EmptyDirsGone{Paths: dirs},
	), nil
}

// forgetPackages lets the packages of the runtime be upgraded again. They stay, and so does where upgrades come from.
func forgetPackages(f Facts) ([]resource.Resource, error) {
	var names []string
	for _, docker := range []bool{true, false} {
		origin, err := runtime.OriginOf(f.sourceInForce(docker), docker, f.Options.Packages, f.Place)
		if f.sourceInForce(docker) != "" && err == nil {
			names = append(names, origin.Hold...)
		}
	}
	slices.Sort(names)
	return []resource.Resource{resource.PackagesLoose{Names: slices.Compact(names)}}, nil
}

// packagedSuffix is what dpkg calls the package's own file of settings where it found the charm's at its installation.
const packagedSuffix = ".dpkg-dist"

func absent(paths ...string) []resource.Resource {
	var wants []resource.Resource
	for _, gone := range paths {
		wants = append(wants, resource.File{Path: gone, Absent: true, At: resource.CleanupStage})
	}
	return wants
}
