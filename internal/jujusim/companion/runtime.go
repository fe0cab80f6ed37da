package companion

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kubernetes-worker/internal/relation"
)

// containerRuntime plays a runtime's subordinate, containerd or docker: it says where its socket is and, on the machine,
// leaves what tells that a runtime is there and whose it is: the socket, and the daemon's configuration, which it writes
// again whenever somebody else has. It starts no daemon; a socket that is there already stays.
type containerRuntime struct{ docker bool }

func (containerRuntime) Subordinate() bool { return true }

func (c containerRuntime) Options() map[string]string {
	options := map[string]string{
		"socket": "unix:///var/run/containerd/containerd.sock",
		"kind":   "remote",
		"nvidia": "false",
		"say":    "all",                        // what it publishes: all, socket or nothing
		"config": "etc/containerd/config.toml", // of the daemon; empty: it writes none
		"purge":  "true",                       // whether the runtime goes with the unit
	}
	if c.docker {
		options["socket"], options["kind"], options["config"] = "unix:///var/run/docker.sock", "docker", "etc/default/docker"
	}
	return options
}

func (c containerRuntime) Endpoints(map[string]string) []Endpoint {
	name := "containerd"
	if c.docker {
		name = "docker"
	}
	return []Endpoint{{Name: name, Interface: "container-runtime", Role: Requirer, Container: true}}
}

func (containerRuntime) Reconcile(_ context.Context, w World) (Outcome, error) {
	data, err := runtimeData(w.Options)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Message: "Container runtime available"}
	for _, u := range w.Units {
		image := ""
		for _, r := range w.Relations {
			out.put(r.ID, u.Name, data)
			for _, peer := range r.Peers[u.Name] {
				image = peer.Data["sandbox_image"]
			}
		}
		if u.Root == "" || w.Options["say"] != "all" {
			continue
		}
		if u.Dying {
			err = removeRuntime(w.Options, u.Root)
		} else {
			err = writeRuntime(w.Options, u.Root, image)
		}
		if err != nil {
			return Outcome{}, fmt.Errorf("cannot play a container runtime: %w", err)
		}
	}
	return out, nil
}

// runtimeData is the bag as today's subordinates write it: every value is JSON.
func runtimeData(options map[string]string) (map[string]string, error) {
	data := map[string]string{}
	switch options["say"] {
	case "nothing":
		return data, nil
	case "socket", "all":
	default:
		return nil, fmt.Errorf("option say is %q, not all, socket or nothing", options["say"])
	}
	socket, err := relation.EncodeJSON(options["socket"])
	if err != nil {
		return nil, err
	}
	data["socket"] = socket
	if options["say"] == "all" {
		kind, err := relation.EncodeJSON(options["kind"])
		if err != nil {
			return nil, err
		}
		data["runtime"], data["nvidia_enabled"] = kind, options["nvidia"]
	}
	return data, nil
}

// socketFile is where the socket lies below the machine's root.
func socketFile(options map[string]string, root string) string {
	path := strings.TrimPrefix(options["socket"], "unix://")
	if rest, under := strings.CutPrefix(path, "/var/run/"); under {
		path = "/run/" + rest
	}
	return filepath.Join(root, path)
}

func writeRuntime(options map[string]string, root, image string) error {
	socket := socketFile(options, root)
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return err
	}
	// Nobody listens: a path can be longer than what a listener takes, and nothing here speaks to a runtime.
	if err := syscall.Mknod(socket, syscall.S_IFSOCK|0o660, 0); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if options["config"] == "" {
		return nil
	}
	path := filepath.Join(root, options["config"])
	content := []byte("# kept by the runtime's own charm\nsandbox_image = \"" + image + "\"\n")
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return replaceFile(path, content, 0o644)
}

func removeRuntime(options map[string]string, root string) error {
	if options["purge"] != "true" {
		return nil
	}
	paths := []string{socketFile(options, root)}
	if options["config"] != "" {
		paths = append(paths, filepath.Join(root, options["config"]))
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
