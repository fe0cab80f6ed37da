//go:build kube1.12 && !kube1.20

package main

func dualStack() bool { return false }
