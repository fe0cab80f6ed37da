package host

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Where the kernel shows the devices on the PCI bus: one by one, with all about each, and together, with their makers.
const (
	pciDevices = "/sys/bus/pci/devices"
	pciList    = "/proc/bus/pci/devices"
)

const nvidia = "10de" // in the list of vendors

// NvidiaGPU returns the PCI address of the first GPU of NVIDIA's, such as "0000:01:00.0", or "" if there is none: a
// display controller (class 03 of the PCI code assignments). Their other devices, sound above all, say nothing. In a
// container these are the devices of its host.
//
// It is asked for in every hook, and large machines have hundreds of devices: only those that the kernel's list names as
// NVIDIA's are looked at.
func (h *Host) NvidiaGPU() string {
	theirs, listed := h.nvidiaDevices()
	if listed && len(theirs) == 0 {
		return ""
	}
	entries, err := h.ReadDir(pciDevices)
	if err != nil {
		return "" // no PCI bus
	}
	for _, entry := range entries {
		_, place, _ := strings.Cut(entry.Name(), ":") // behind the domain, which the list leaves out
		if listed && !theirs[place] {
			continue
		}
		device := path.Join(pciDevices, entry.Name())
		if h.attribute(device, "vendor") == "0x"+nvidia && strings.HasPrefix(h.attribute(device, "class"), "0x03") {
			return entry.Name()
		}
	}
	return ""
}

// nvidiaDevices gives the places of NVIDIA's devices, such as "01:00.0". Not listed means that the kernel has no list.
func (h *Host) nvidiaDevices() (places map[string]bool, listed bool) {
	content, err := h.ReadFile(pciList)
	if err != nil {
		return nil, false
	}
	places = map[string]bool{}
	for line := range strings.Lines(string(content)) {
		fields := strings.SplitN(line, "\t", 3) // bus and place, vendor and device
		if len(fields) < 3 || !strings.HasPrefix(fields[1], nvidia) {
			continue
		}
		if number, err := strconv.ParseUint(fields[0], 16, 16); err == nil {
			places[fmt.Sprintf("%02x:%02x.%x", number>>8, number>>3&0x1f, number&7)] = true
		}
	}
	return places, true
}

// attribute reads a file of sysfs; one that is not there is empty.
func (h *Host) attribute(device, name string) string {
	content, err := h.ReadFile(path.Join(device, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
