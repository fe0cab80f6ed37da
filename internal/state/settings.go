package state

// Checks is what a monitoring agent was given.
type Checks struct {
	Files   []string `json:"files,omitempty"`   // that the charm has written
	Restart bool     `json:"restart,omitempty"` // the agent has not read them yet
}

// Bridge is what the bridge of docker was made with; without a subnet docker chose itself.
type Bridge struct {
	Subnet string `json:"subnet,omitempty"`
	MTU    int    `json:"mtu,omitempty"`
}

// Kernel is what was done for arguments of the kernel.
type Kernel struct {
	// Grub is the fingerprint of the file that the boot loader's configuration was made with.
	Grub string `json:"grub,omitempty"`
	// Boot is the boot, by its identity, in which a reboot was asked for.
	Boot string `json:"boot,omitempty"`
}
