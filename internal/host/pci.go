package host

import (
	"path"
	"strings"
)

const pciDevices = "/sys/bus/pci/devices"

// NvidiaGPU returns the PCI address of the first GPU of NVIDIA's, such as "0000:01:00.0", or "" if there is none: a
// display controller (class 03 of the PCI code assignments) of the vendor 10de. Their other devices, sound above all,
// say nothing. In a container these are the devices of its host.
func (h *Host) NvidiaGPU() string {
	entries, err := h.ReadDir(pciDevices)
	if err != nil {
		return "" // no PCI bus
	}
	for _, entry := range entries {
		device := path.Join(pciDevices, entry.Name())
		if h.attribute(device, "vendor") == "0x10de" && strings.HasPrefix(h.attribute(device, "class"), "0x03") {
			return entry.Name()
		}
	}
	return ""
}

// attribute reads a file of sysfs; one that is not there is empty.
func (h *Host) attribute(device, name string) string {
	content, err := h.ReadFile(path.Join(device, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
