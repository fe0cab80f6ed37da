package ingressproxy_test

import (
	"reflect"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/ingressproxy"
)

func TestPrivateAddressIsLeftToJujuWhereItKeepsIt(t *testing.T) {
	for whole, want := range map[bool]relation.Bag{
		true:  {"hostname": "10.0.0.5", "port": "80", "private-address": "10.0.0.5"},
		false: {"hostname": "10.0.0.5", "port": "80"},
	} {
		if got := ingressproxy.Encode("10.0.0.5", 80, whole); !reflect.DeepEqual(got, want) {
			t.Errorf("Encode(%v) = %v, want %v", whole, got, want)
		}
	}
}
