package companion

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// monitoringAgent plays nrpe: it says under which name the machine is known to Nagios and, on the machine, leaves what its
// packages bring: the user, the directory where descriptions of checks are collected, and a plugin. It starts no daemon.
type monitoringAgent struct{}

func (monitoringAgent) Subordinate() bool { return true }

func (monitoringAgent) Options() map[string]string {
	return map[string]string{
		"hostname":     "", // empty: juju- and the principal's name
		"host-context": "",
		"say":          "all",  // what it publishes: all or nothing
		"set-up":       "true", // whether its packages are installed
		"plugin":       "true", // whether check_systemd.py is among them
		"export":       "true", // whether descriptions are collected
	}
}

func (monitoringAgent) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "nrpe-external-master", Interface: "nrpe-external-master", Role: Requirer, Container: true}}
}

func (monitoringAgent) Reconcile(_ context.Context, w World) (Outcome, error) {
	if say := w.Options["say"]; say != "all" && say != "nothing" {
		return Outcome{}, fmt.Errorf("option say is %q, not all or nothing", say)
	}
	out := Outcome{Message: "ready"}
	for _, u := range w.Units {
		for _, r := range w.Relations {
			for _, peer := range r.Peers[u.Name] {
				if w.Options["say"] == "nothing" {
					continue
				}
				name := w.Options["hostname"]
				if name == "" {
					name = "juju-" + strings.ReplaceAll(peer.Name, "/", "-")
				}
				out.put(r.ID, u.Name, map[string]string{"nagios_hostname": name, "nagios_host_context": w.Options["host-context"]})
			}
		}
		if u.Root == "" || u.Dying || w.Options["set-up"] != "true" {
			continue
		}
		if err := setUpAgent(w.Options, u.Root); err != nil {
			return Outcome{}, fmt.Errorf("cannot play a monitoring agent: %w", err)
		}
	}
	return out, nil
}

// setUpAgent leaves what the agent's packages would. Its user is whoever plays it, so that anybody can.
func setUpAgent(options map[string]string, root string) error {
	dirs := []string{"etc/nagios/nrpe.d", "usr/local/lib/nagios/plugins"}
	if options["export"] == "true" {
		dirs = append(dirs, "var/lib/nagios/export")
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	plugin := filepath.Join(root, "usr/local/lib/nagios/plugins/check_systemd.py")
	if _, err := os.Stat(plugin); err != nil && options["plugin"] == "true" {
		if err := os.WriteFile(plugin, []byte("#!/usr/bin/env python3\n"), 0o755); err != nil {
			return err
		}
	}
	passwd := filepath.Join(root, "etc/passwd")
	users, err := os.ReadFile(passwd)
	if err != nil || bytes.Contains(users, []byte("\nnagios:")) {
		return err
	}
	users = fmt.Appendf(users, "nagios:x:%d:%d::/var/lib/nagios:/bin/false\n", os.Geteuid(), os.Getegid())
	return replaceFile(passwd, users, 0o644)
}

// oldNetwork plays a pod network from before CNI: it says which bridge docker has to make.
type oldNetwork struct{}

func (oldNetwork) Subordinate() bool { return true }

func (oldNetwork) Options() map[string]string {
	return map[string]string{
		"subnet": "10.1.15.1/24", "mtu": "1450", "cidr": "10.1.0.0/16",
		"say": "all", // what it publishes: all, half or nothing
	}
}

func (oldNetwork) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "host", Interface: "sdn-plugin", Role: Requirer, Container: true}}
}

func (oldNetwork) Reconcile(_ context.Context, w World) (Outcome, error) {
	data := map[string]string{}
	switch w.Options["say"] {
	case "all":
		data["subnet"] = w.Options["subnet"]
		fallthrough
	case "half":
		data["mtu"], data["cidr"] = w.Options["mtu"], w.Options["cidr"]
	case "nothing":
	default:
		return Outcome{}, fmt.Errorf("option say is %q, not all, half or nothing", w.Options["say"])
	}
	out := Outcome{Message: "Network is ready."}
	for _, u := range w.Units {
		for _, r := range w.Relations {
			out.put(r.ID, u.Name, data)
		}
	}
	return out, nil
}
