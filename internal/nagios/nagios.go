// Package nagios renders what watches the node's services for Nagios: commands for its agent on the machine, descriptions
// for the server that others collect, and a plugin for machines that have none. It writes no file and asks no service.
package nagios

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/relation"
)

// Directories of Nagios on a watched machine.
const (
	CommandDir = "/etc/nagios/nrpe.d"
	ExportDir  = "/var/lib/nagios/export"
	LogDir     = "/var/log/nagios"
	// AgentUnit reads CommandDir at its start.
	AgentUnit = "nagios-nrpe-server.service"
)

// Plugin looks at a service of systemd. It comes with the agent's charm; OwnPlugin takes its place where it does not.
const (
	Plugin    = "check_systemd.py"
	OwnPlugin = "/usr/local/lib/nagios/plugins/check_kubernetes_worker_service"
)

// PluginDirs are where plugins lie, in the order in which they are looked for.
func PluginDirs() []string {
	return []string{"/usr/lib/nagios/plugins", "/usr/local/lib/nagios/plugins"}
}

// PluginScript is the content of OwnPlugin. Anybody may ask systemd for a unit's state; the exit status is what Nagios
// takes for good, critical and unknown.
const PluginScript = `#!/bin/sh
# Written by the kubernetes-worker charm; changes are overwritten.
if [ $# -ne 1 ]; then
    echo "UNKNOWN: give the name of one service"
    exit 3
fi
state=$(systemctl is-active "$1" 2>/dev/null)
case "$state" in
active)
    echo "OK: $1 is running"
    exit 0 ;;
"" | unknown)
    echo "UNKNOWN: systemd does not say whether $1 is running"
    exit 3 ;;
*)
    echo "CRITICAL: $1 is $state"
    exit 2 ;;
esac
`

// Host is how the machine and its unit are called in Nagios.
type Host struct {
	Name          string // of the machine
	ServiceGroups string // separated by commas; empty: none
	Unit          string // label of the unit
}

// Command is the name of a service's check.
func Command(service string) string { return "check_" + service }

// CommandFile is where the agent's command for a service lies, ExportFile where its description does.
func CommandFile(service string) string { return CommandDir + "/" + Command(service) + ".cfg" }

// ExportFile is named after the machine as well: descriptions of many are collected in one place.
func (h Host) ExportFile(service string) string {
	return ExportDir + "/service__" + h.Name + "_" + Command(service) + ".cfg"
}

// CommandContent is the agent's command for a service.
func (h Host) CommandContent(service, plugin string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# check %s\n", service)
	if h.ServiceGroups != "" {
		b.WriteString("# The next line is a header that Juju has added.\n# The agent does not read it; it is for those who collect checks.\n")
		fmt.Fprintf(&b, "# servicegroups: %s\n", h.ServiceGroups)
	}
	fmt.Fprintf(&b, "command[%s]=%s %s\n", Command(service), plugin, service)
	return []byte(b.String())
}

// ExportContent is the description of a service's check.
func (h Host) ExportContent(service string) []byte {
	var b strings.Builder
	b.WriteString("#---------------------------------------------------\n# This file is managed by Juju\n#---------------------------------------------------\n")
	b.WriteString("define service {\n")
	for _, line := range [][2]string{
		{"use", "active-service"}, {"host_name", h.Name},
		{"service_description", fmt.Sprintf("%s[%s] process check {%s}", h.Name, service, h.Unit)},
		{"check_command", "check_nrpe!" + Command(service)}, {"servicegroups", h.ServiceGroups},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "    %-32s%s\n", line[0], line[1])
		}
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// longestName keeps the names of files below the 255 bytes that a file system takes.
const longestName = 128

// CheckName says what is wrong with the name of a host or a context, of which names of files and lines of configuration
// are made; empty: nothing is.
func CheckName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > longestName:
		return fmt.Sprintf("is longer than %d characters", longestName)
	case !relation.Only(name, "-_."):
		return "has other characters than letters, digits, dashes, underscores and dots"
	case strings.Trim(name[:1], "-.") == "":
		return "begins with a dash or a dot"
	}
	return ""
}

// longestGroups keeps the line far below the 2048 bytes that agents read of one.
const longestGroups = 1024

// CheckGroups says the same of a list of service groups.
func CheckGroups(groups string) string {
	switch {
	case len(groups) > longestGroups:
		return fmt.Sprintf("is longer than %d characters", longestGroups)
	case !relation.Only(groups, "-_./ ,"):
		return "has other characters than letters, digits, dashes, underscores, dots, slashes, blanks and the commas between groups"
	}
	return ""
}
