package companion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// network plays a CNI subordinate such as flannel: it publishes the pod network and, on a worker, writes a configuration
// of the bridge plugin for that node's part of it.
type network struct{}

func (network) Subordinate() bool { return true }

func (network) Options() map[string]string {
	return map[string]string{
		"wire":       "both",
		"cidr":       "10.1.0.0/16",
		"conf-file":  "10-flannel.conflist",
		"write-conf": "true",
		"bridge":     "cni0",
		"node-bits":  "24", // size of one node's part
		"first-part": "0",  // number of the part of unit 0
	}
}

func (network) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "cni", Interface: "kubernetes-cni", Role: Requirer, Container: true}}
}

const confDir = "etc/cni/net.d"

func (network) Reconcile(_ context.Context, w World) (Outcome, error) {
	wire, err := wireOf(w.Options)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Message: "Network is ready."}
	for _, u := range w.Units {
		configure := false
		for _, r := range w.Relations {
			for _, peer := range r.Peers[u.Name] {
				configure = configure || isWorker(peer, wire)
			}
			data := map[string]string{"cidr": w.Options["cidr"]}
			if wire.new() {
				data["cni-conf-file"] = w.Options["conf-file"]
			}
			out.put(r.ID, u.Name, data)
		}
		if u.Root == "" || w.Options["write-conf"] != "true" {
			continue
		}
		path := filepath.Join(u.Root, confDir, filepath.Base(w.Options["conf-file"]))
		if !configure || u.Dying {
			err = removeFile(path)
		} else {
			err = writeConf(path, w, u)
		}
		if err != nil {
			return Outcome{}, err
		}
	}
	return out, nil
}

// isWorker tells that the principal has said enough: the old wire waits for exactly this spelling, the new one for the
// hash of the kubeconfig.
func isWorker(peer Peer, wire wire) bool {
	return wire.old() && peer.Data["is_master"] == "False" || wire.new() && peer.Data["kubeconfig-hash"] != ""
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove the network configuration: %w", err)
	}
	return nil
}

func writeConf(path string, w World, u Unit) error {
	firstPart, err := strconv.Atoi(w.Options["first-part"])
	if err != nil || firstPart < 0 {
		return fmt.Errorf("option first-part: %q is no number of a part", w.Options["first-part"])
	}
	content, err := bridgeConf(w.Options, firstPart+u.Number)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("cannot make the network configuration's directory: %w", err)
	}
	return replaceFile(path, content, 0o600)
}

// bridgeConf is a conflist that needs the plugins bridge, host-local and portmap only.
func bridgeConf(options map[string]string, node int) ([]byte, error) {
	subnet, err := nodeSubnet(options["cidr"], options["node-bits"], node)
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	text, err := json.MarshalIndent(object{
		"cniVersion": "0.3.1",
		"name":       strings.TrimSuffix(options["conf-file"], filepath.Ext(options["conf-file"])),
		"plugins": []object{
			{
				"type": "bridge", "bridge": options["bridge"], "isGateway": true, "ipMasq": false, "hairpinMode": true,
				"ipam": object{
					"type": "host-local", "ranges": [][]object{{{"subnet": subnet}}},
					"routes": []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot encode the network configuration: %w", err)
	}
	return append(text, '\n'), nil
}

// nodeSubnet is the node's part of an IPv4 pod network; a network too small for parts goes to every node whole.
func nodeSubnet(cidr, bits string, node int) (string, error) {
	first, _, _ := strings.Cut(cidr, ",")
	whole, err := netip.ParsePrefix(first)
	if err != nil || !whole.Addr().Is4() {
		return "", fmt.Errorf("option cidr: %q is no IPv4 network", first)
	}
	size, err := netip.ParsePrefix("0.0.0.0/" + bits)
	if err != nil {
		return "", fmt.Errorf("option node-bits: %q is no prefix length", bits)
	}
	part := size.Bits()
	if part <= whole.Bits() {
		return whole.Masked().String(), nil
	}
	base := whole.Masked().Addr().As4()
	number := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	number += uint32(node%(1<<(part-whole.Bits()))) << (32 - part)
	address := netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)})
	return netip.PrefixFrom(address, part).String(), nil
}
