//go:build kube1.12 && !kube1.28

package main

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"k8s.io/kubernetes/cmd/kubelet/app/options"
)

// checkStart does what the kubelet checks of its flags not before it starts.
func checkStart(flags *options.KubeletFlags) error {
	if err := checkProvider(flags.CloudProvider); err != nil {
		return err
	}
	return checkNodeIP(flags.NodeIP, flags.CloudProvider)
}

// checkNodeIP says in other words what these releases have in the middle of their start, where it cannot be called. An
// address that is none is ignored there, and before 1.20 so is a pair; here it is refused, for nobody means that.
func checkNodeIP(value, provider string) error {
	if value == "" {
		return nil
	}
	var six []bool
	for _, text := range strings.Split(value, ",") {
		ip := net.ParseIP(strings.TrimSpace(text))
		if ip == nil {
			return fmt.Errorf("--node-ip has %q, which is no address", text)
		}
		six = append(six, ip.To4() == nil)
	}
	switch {
	case len(six) == 1:
		return nil
	case !dualStack():
		return errors.New("two addresses in --node-ip need dual stack, which this kubelet does not have or has turned off")
	case len(six) > 2 || six[0] == six[1]:
		return errors.New("--node-ip must be one address or one of each family")
	case provider != "":
		return errors.New("two addresses in --node-ip cannot be had with --cloud-provider")
	}
	return nil
}
