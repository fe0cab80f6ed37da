//go:build kube1.12 && !kube1.24

package main

// registerGates has nothing to do where the packages that are linked here register all gates.
func registerGates() error { return nil }
