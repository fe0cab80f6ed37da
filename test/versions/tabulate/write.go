package main

import (
	"fmt"
	"maps"
	"slices"
)

func (a accepted) print() {
	for _, f := range a.kubeletFlags {
		fmt.Println("kubelet-flag", f.name, f.deprecated)
	}
	for _, f := range a.fields {
		fmt.Println("kubelet-field", f.path, f.kind)
	}
	for _, g := range slices.Sorted(maps.Keys(a.kubeletGates)) {
		fmt.Println("kubelet-gate", g)
	}
	for _, f := range a.proxyFlags {
		fmt.Println("proxy-flag", f.name, f.deprecated)
	}
	for _, g := range slices.Sorted(maps.Keys(a.proxyGates)) {
		fmt.Println("proxy-gate", g)
	}
}

func write(out string, all []accepted) error { return nil }
