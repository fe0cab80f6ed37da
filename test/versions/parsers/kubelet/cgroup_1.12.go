//go:build kube1.12 && !kube1.34

package main

// pretendCgroups has nothing to do where validation does not look at the machine.
func pretendCgroups() {}
