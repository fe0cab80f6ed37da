package runtime_test

import (
	"reflect"
	"testing"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/runtime"
)

func TestARelatedRuntimeIsUsedWhereTheReleaseWorksWithIt(t *testing.T) {
	const usual, other, dockers = runtime.ContainerdEndpoint, "unix:///run/k3s/containerd.sock", runtime.DockerEndpoint
	containerd := runtime.Related{Present: true, Socket: usual}
	elsewhere := runtime.Related{Present: true, Socket: other}
	docker := runtime.Related{Present: true, Socket: dockers, Docker: true}
	silent := runtime.Related{Present: true}

	fresh := runtime.Known{}
	ownDocker := runtime.Known{Configured: true}
	ownContainerd := runtime.Known{Configured: true, Remote: true}
	theirContainerd := runtime.Known{Configured: true, Remote: true, Socket: usual}
	theirOther := runtime.Known{Configured: true, Remote: true, Socket: other}
	theirDocker := runtime.Known{Configured: true, Socket: dockers}

	ourDocker := runtime.Choice{Unit: "docker.service"}
	ourContainerd := runtime.Choice{Unit: "containerd.service"}
	theirs := func(unit, socket string) runtime.Choice {
		return runtime.Choice{Unit: unit, Keeper: runtime.Theirs, Socket: socket}
	}
	for name, c := range map[string]struct {
		minor   int
		related runtime.Related
		known   runtime.Known
		want    runtime.Choice
	}{
		"containerd with the newest":                {36, containerd, fresh, theirs("containerd.service", usual)},
		"containerd with 1.20":                      {20, containerd, fresh, theirs("containerd.service", usual)},
		"containerd with 1.19":                      {19, containerd, fresh, ourDocker},
		"containerd at another socket":              {28, elsewhere, fresh, theirs("", other)},
		"docker with 1.12":                          {12, docker, fresh, theirs("docker.service", dockers)},
		"docker with 1.23":                          {23, docker, fresh, theirs("docker.service", dockers)},
		"docker with 1.24":                          {24, docker, fresh, runtime.Choice{Keeper: runtime.Refused}},
		"docker with 1.24 on a node with our own":   {24, docker, ownContainerd, runtime.Choice{Keeper: runtime.Refused}},
		"nothing said to a fresh node":              {28, silent, fresh, runtime.Choice{Keeper: runtime.Awaited}},
		"nothing said to an old fresh node":         {12, silent, fresh, runtime.Choice{Keeper: runtime.Awaited}},
		"nothing said to a node with our own":       {28, silent, ownContainerd, theirs("containerd.service", "")},
		"nothing said to a node with our docker":    {23, silent, ownDocker, theirs("docker.service", "")},
		"said before, silent now":                   {28, silent, theirOther, theirs("", other)},
		"docker before, silent now":                 {23, silent, theirDocker, theirs("docker.service", dockers)},
		"docker before, silent now, upgraded":       {24, silent, theirDocker, runtime.Choice{Keeper: runtime.Refused}},
		"another socket than before":                {28, containerd, theirOther, theirs("containerd.service", usual)},
		"gone":                                      {28, runtime.Related{}, theirContainerd, ourContainerd},
		"gone with 1.23, which docker would do for": {23, runtime.Related{}, theirContainerd, ourContainerd},
		"gone a while ago with 1.23":                {23, runtime.Related{}, ownContainerd, ourContainerd},
		"gone with 1.19":                            {19, runtime.Related{}, theirContainerd, ourDocker},
		"docker gone":                               {23, runtime.Related{}, theirDocker, ourDocker},
		"docker gone with 1.24":                     {24, runtime.Related{}, theirDocker, ourContainerd},
		"gone and silent again with 1.23":           {23, silent, ownContainerd, theirs("containerd.service", "")},
	} {
		got := runtime.Choose(runtime.Need{
			Version: kubeversion.Version{Major: 1, Minor: c.minor}, Related: c.related, Known: c.known,
		})
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
