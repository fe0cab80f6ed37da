//go:build kube1.16

package main

import (
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/kubernetes/pkg/proxy/apis/config/scheme"
)

// decodeStrictly fails on a field that the release does not know and on one that is there twice.
func decodeStrictly(content []byte) error {
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Yaml: true, Strict: true})
	_, _, err := strict.Decode(content, nil, nil)
	return err
}
