package dockerhost_test

import (
	"reflect"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/dockerhost"
)

func TestTheSocketIsPublishedOnlyWhileThereIsDocker(t *testing.T) {
	for docker, want := range map[bool]relation.Bag{true: {"url": "unix:///var/run/docker.sock"}, false: {"url": ""}} {
		if got := dockerhost.Encode(docker); !reflect.DeepEqual(got, want) {
			t.Errorf("Encode(%v) = %v, want %v", docker, got, want)
		}
	}
}
