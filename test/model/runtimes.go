package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Runtimes is what the container runtimes of a machine hold.
type Runtimes struct {
	Containers map[string]string // docker's, by id: "pod" for one that a kubelet has made
	Docker     map[string]bool   // docker's images, by name
	Containerd map[string]bool   // containerd's images for pods, by full name
	Stopped    []string          // containers that had time to finish before they were removed
}

const runtimesFile = "standin/runtimes.json"

// Runtimes reads what the runtimes hold.
func (w *World) Runtimes() Runtimes {
	w.T.Helper()
	r, err := readRuntimes(w.Root)
	w.must(err)
	return r
}

// SetRuntimes makes the runtimes hold something.
func (w *World) SetRuntimes(r Runtimes) {
	w.T.Helper()
	w.must(r.write(w.Root))
}

func readRuntimes(root string) (Runtimes, error) {
	r := Runtimes{Containers: map[string]string{}, Docker: map[string]bool{}, Containerd: map[string]bool{}}
	text, err := os.ReadFile(filepath.Join(root, runtimesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	if r.Containerd == nil {
		r.Containerd = map[string]bool{}
	}
	return r, nil
}

func (r Runtimes) write(root string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, runtimesFile), text, 0o644)
}

// docker plays the commands of docker that the charm uses.
func docker(root string, args []string) error {
	if e, is, err := readEngine(root); err != nil {
		return err
	} else if is {
		return errors.Join(e.docker(args), e.write(root))
	}
	r, err := readRuntimes(root)
	if err != nil {
		return err
	}
	switch command := strings.Join(args[:min(2, len(args))], " "); {
	case args[0] == "ps":
		filter := slices.Contains(args, "label=io.kubernetes.docker.type")
		for _, id := range slices.Sorted(maps.Keys(r.Containers)) {
			if !filter || r.Containers[id] == "pod" {
				fmt.Println(id)
			}
		}
	case args[0] == "stop":
		r.Stopped = append(r.Stopped, args[3:]...) // after --time 30
	case args[0] == "rm":
		for _, id := range args[1:] {
			delete(r.Containers, id)
		}
	case args[0] == "save":
		if !r.Docker[args[3]] { // after --output FILE
			return fmt.Errorf("no such image: %s", args[3])
		}
		return os.WriteFile(args[2], []byte(args[3]), 0o600)
	case command == "image ls":
		for _, name := range slices.Sorted(maps.Keys(r.Docker)) {
			fmt.Println(name)
		}
	case command == "image rm":
		delete(r.Docker, args[2])
	default:
		return fmt.Errorf("docker: unknown command %q", args)
	}
	return r.write(root)
}

// ctr plays the commands of containerd's client that the charm uses.
func ctr(root string, args []string) error {
	if e, is, err := readEngine(root); err != nil {
		return err
	} else if is {
		return errors.Join(e.ctr(args), e.write(root))
	}
	r, err := readRuntimes(root)
	if err != nil {
		return err
	}
	if args[0] == "--address" {
		if _, err := os.Stat(filepath.Join(root, args[1])); err != nil || strings.Contains(args[1], "crio") {
			return fmt.Errorf("ctr: failed to dial %q", args[1])
		}
		args = args[2:]
	}
	switch command := strings.Join(args[:min(4, len(args))], " "); command {
	case "--namespace k8s.io images ls":
		for _, name := range slices.Sorted(maps.Keys(r.Containerd)) {
			fmt.Println(name)
		}
	case "--namespace k8s.io images import":
		name, err := os.ReadFile(args[4])
		if err != nil {
			return err
		}
		if strings.Contains(string(name), "unreadable") {
			return errors.New("ctr: unrecognized image format")
		}
		r.Containerd[string(name)] = true
	default:
		return fmt.Errorf("ctr: unknown command %q", args)
	}
	return r.write(root)
}
