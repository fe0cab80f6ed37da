//go:build kube1.12

// Package private reaches fields of Kubernetes that have no exported way to them.
package private

import (
	"reflect"
	"unsafe"
)

// Field gives the named field of the struct that the pointer leads to, to be read and set.
func Field(pointer any, name string) reflect.Value {
	field := reflect.ValueOf(pointer).Elem().FieldByName(name)
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}
