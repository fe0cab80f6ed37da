package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Engine is what a container runtime that is to be cleaned holds, docker and containerd alike. Where a machine has one, it
// is played instead of Runtimes.
type Engine struct {
	Containers map[string]EngineContainer // by id
	Images     map[string]EngineImage     // by what imageID makes an id of
}

// EngineContainer is a container.
type EngineContainer struct {
	Image   string // key of Engine.Images
	Running bool
	New     bool // was made a moment ago and has not been started
	Stuck   bool // cannot be removed
}

// EngineImage is an image.
type EngineImage struct {
	Tags  []string
	Stuck bool // cannot be removed
}

const engineFile = "standin/engine.json"

// SetEngine makes the machine's container runtime hold something.
func (w *World) SetEngine(e Engine) {
	w.T.Helper()
	w.must(e.write(w.Root))
}

// Engine reads what the container runtime holds: ids of containers, keys of images.
func (w *World) Engine() (containers, images []string) {
	w.T.Helper()
	e, _, err := readEngine(w.Root)
	w.must(err)
	return slices.Sorted(maps.Keys(e.Containers)), slices.Sorted(maps.Keys(e.Images))
}

func readEngine(root string) (Engine, bool, error) {
	var e Engine
	text, err := os.ReadFile(filepath.Join(root, engineFile))
	if errors.Is(err, fs.ErrNotExist) {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	return e, true, json.Unmarshal(text, &e)
}

func (e Engine) write(root string) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, engineFile), text, 0o644)
}

func imageID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// EnginePassword is in what containers say.
const EnginePassword = "ContainerPassw0rdCanary"

// docker plays the commands of docker that cleaning and collecting use.
func (e Engine) docker(args []string) error {
	switch {
	case args[0] == "ps":
		for _, id := range slices.Sorted(maps.Keys(e.Containers)) {
			if c := e.Containers[id]; !slices.Contains(args, "status=exited") || !c.Running && !c.New {
				fmt.Println(id)
			}
		}
	case args[0] == "inspect":
		for _, id := range args[5:] { // after --type container --format FORMAT
			fmt.Println(id, imageID(e.Containers[id].Image))
		}
	case args[0] == "rm":
		return e.removeContainers(args[1:])
	case args[0] == "image" && args[1] == "ls":
		for _, key := range slices.Sorted(maps.Keys(e.Images)) {
			tags := e.Images[key].Tags
			switch {
			case slices.Contains(args, "dangling=true") && len(tags) == 0:
				fmt.Println(imageID(key))
			case slices.Contains(args, "dangling=true"):
			case len(tags) == 0:
				fmt.Println(imageID(key), "<none>:<none>")
			default:
				for _, tag := range tags {
					fmt.Println(imageID(key), tag)
				}
			}
		}
	case args[0] == "image" && args[1] == "rm":
		return e.removeImages(args[2:])
	case args[0] == "images":
		for _, key := range slices.Sorted(maps.Keys(e.Images)) {
			fmt.Println(e.Images[key].Tags)
		}
	case args[0] == "logs":
		fmt.Println(args[len(args)-1], "says that its password is", "password="+EnginePassword)
	case args[0] == "version", args[0] == "info":
		fmt.Println("docker stand-in")
	default:
		return fmt.Errorf("docker: unknown command %q", args)
	}
	return nil
}

// ctr plays the commands of containerd's client that cleaning uses.
func (e Engine) ctr(args []string) error {
	args = args[1:] // after --namespace=k8s.io
	switch command := strings.Join(args[:min(2, len(args))], " "); command {
	case "containers ls":
		fmt.Println("CONTAINER    IMAGE    RUNTIME")
		for _, id := range slices.Sorted(maps.Keys(e.Containers)) {
			image := e.Containers[id].Image
			ref := "sha256:" + imageID("config of " + image)[7:]
			if tags := e.Images[image].Tags; len(tags) > 0 {
				ref = tags[0]
			}
			fmt.Println(id, ref, "io.containerd.runc.v2")
		}
	case "containers info":
		made := time.Now().Add(-time.Hour)
		if e.Containers[args[2]].New {
			made = time.Now()
		}
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"ID": args[2], "CreatedAt": made})
	case "containers rm":
		return e.removeContainers(args[2:])
	case "tasks ls":
		fmt.Println("TASK    PID    STATUS")
		for _, id := range slices.Sorted(maps.Keys(e.Containers)) {
			if e.Containers[id].Running {
				fmt.Println(id, 4711, "RUNNING")
			}
		}
	case "images ls":
		fmt.Println("REF TYPE DIGEST SIZE PLATFORMS LABELS")
		for _, key := range slices.Sorted(maps.Keys(e.Images)) {
			refs := append([]string{imageID("config of " + key), "registry.test/" + key + "@" + imageID(key)}, e.Images[key].Tags...)
			for _, ref := range refs {
				fmt.Println(ref, "application/vnd.oci.image.manifest.v1+json", imageID(key), "1.5 MiB", "linux/amd64", "io.cri-containerd.image=managed")
			}
		}
	case "images rm":
		return e.removeImages(args[2:])
	default:
		return fmt.Errorf("ctr: unknown command %q", args)
	}
	return nil
}

func (e Engine) removeContainers(ids []string) error {
	var refused []error
	for _, id := range ids {
		if c := e.Containers[id]; c.Running || c.Stuck {
			refused = append(refused, fmt.Errorf("cannot remove container %s: it is in use", id))
			continue
		}
		delete(e.Containers, id)
	}
	return errors.Join(refused...)
}

// removeImages takes each image all of whose names are given.
func (e Engine) removeImages(refs []string) error {
	var refused []error
	for key, image := range e.Images {
		names := append([]string{imageID(key), imageID("config of " + key)}, image.Tags...)
		switch {
		case !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(refs, n) }):
		case image.Stuck:
			refused = append(refused, fmt.Errorf("cannot remove image %s: device or resource busy", key))
		default:
			delete(e.Images, key)
		}
	}
	return errors.Join(refused...)
}
