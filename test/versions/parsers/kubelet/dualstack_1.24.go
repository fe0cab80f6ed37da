//go:build kube1.24 && !kube1.28

package main

func dualStack() bool { return true }
