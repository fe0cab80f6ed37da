//go:build kube1.12 && !kube1.16

package main

import (
	"reflect"

	"k8s.io/kubelet/config/v1beta1"

	"kubernetes-worker/test/versions/parsers/fields"
)

// decodeStrictly fails on a field that the release does not know and on one that is there twice.
func decodeStrictly(content []byte) error {
	return fields.Check(content, reflect.TypeOf(v1beta1.KubeletConfiguration{}))
}
