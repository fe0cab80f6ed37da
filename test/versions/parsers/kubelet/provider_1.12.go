//go:build kube1.12 && !kube1.34

package main

import "fmt"

// checkProvider refuses the name of a cloud provider that the kubelet has not inside. The providers themselves, which are
// most of a kubelet of these releases, are not linked.
func checkProvider(name string) error {
	for _, known := range append(inside, "", "external") {
		if name == known {
			return nil
		}
	}
	return fmt.Errorf("unknown cloud provider %q", name)
}
