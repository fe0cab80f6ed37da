package model

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/snapd/snapdtest"
	"kubernetes-worker/internal/systemd"
)

// The machine's programs that the charm starts, played by this test binary: each is a script on the hook's PATH that
// starts it again with the program's name.
const (
	programVariable = "MODEL_PROGRAM"
	rootVariable    = "MODEL_ROOT"
)

// AptFault is what apt-get does instead of its work, from a file below the machine's root.
type AptFault struct {
	Exit   int
	Stderr string
}

const (
	aptFaultFile = "standin/apt-fault.json"
	callsFile    = "standin/calls"
)

// RunProgram plays a program of the machine and ends the process, if it was started as one.
func RunProgram() {
	name, root := os.Getenv(programVariable), os.Getenv(rootVariable)
	if name == "" {
		return
	}
	note(root, name+" "+strings.Join(os.Args[1:], " "))
	var err error
	switch name {
	case "apt-get":
		err = aptGet(root, os.Args[1:])
	case "apt-helper":
		err = aptHelper(root, os.Args[1:])
	case "apt-mark":
		err = aptMark(root, os.Args[1:])
	case "usermod":
		err = usermod(root, os.Args[1:])
	case "update-grub":
		err = updateGrub(root)
	case "boot":
		err = boot(root)
	case "ip":
		err = ipLink(root, os.Args[1:])
	case "nvidia-smi":
		err = nvidiaSmi(root)
	case "update-ca-certificates":
		err = updateCertificates(root)
	case "docker":
		err = docker(root, os.Args[1:])
	case "ctr":
		err = ctr(root, os.Args[1:])
	case "snap":
		err = snapInfo(os.Args[1:])
	case "journalctl":
		fmt.Println("standin: the last words of a daemon")
		if said, err := os.ReadFile(filepath.Join(root, "standin/journal")); err == nil {
			fmt.Print(string(said))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func note(root, line string) {
	file, err := os.OpenFile(filepath.Join(root, callsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintln(file, line)
}

func aptGet(root string, args []string) error {
	if text, err := os.ReadFile(filepath.Join(root, aptFaultFile)); err == nil {
		var fault AptFault
		if err := json.Unmarshal(text, &fault); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, fault.Stderr)
		os.Exit(fault.Exit)
	}
	var flags, words []string
	for i := 0; i < len(args); i++ {
		if args[i] == "-o" {
			i++
		} else if strings.HasPrefix(args[i], "-") {
			flags = append(flags, args[i])
		} else {
			words = append(words, args[i])
		}
	}
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "update":
		return aptUpdate(root)
	case words[0] == "install":
		return aptChange(root, flags, words[1:])
	}
	return nil
}

// installPackage notes the package as dpkg does and, for a runtime, brings its service.
func installPackage(root, name, version string) error {
	status := filepath.Join(root, "var/lib/dpkg/status")
	if err := markPackage(root, name, "install ok installed"); err != nil {
		return err
	}
	have, err := readPackages(root)
	if err != nil {
		return err
	}
	if have[name] == "" {
		file, err := os.OpenFile(status, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		fmt.Fprintf(file, "\nPackage: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n", name, cmp.Or(version, "1.0"))
		if err := file.Close(); err != nil {
			return err
		}
	}
	if name == "apt-transport-https" {
		return os.WriteFile(filepath.Join(root, "usr/lib/apt/methods/https"), nil, 0o755)
	}
	for _, unit := range unitsOf[name] {
		if unit == "docker" {
			if err := addGroup(root, "docker"); err != nil {
				return err
			}
		}
		path := filepath.Join(root, "lib/systemd/system", unit+".service")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte("[Service]\nExecStart=/usr/bin/"+unit+"\n[Install]\nWantedBy=multi-user.target\n"), 0o644); err != nil {
			return err
		}
		if err := startUnit(root, unit+".service"); err != nil {
			return err
		}
	}
	return nil
}

// startUnit does what a package's own script does after unpacking.
func startUnit(root, unit string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	manager := systemd.New(root, systemd.Settings{})
	defer manager.Close()
	for _, step := range []func() error{
		func() error { return manager.DaemonReload(ctx) },
		func() error { return manager.Enable(ctx, unit) },
		func() error { return manager.Start(ctx, unit) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// snapInfo shows a snap file as the command line program does.
func snapInfo(args []string) error {
	if len(args) != 2 || args[0] != "info" {
		return fmt.Errorf("error: unknown command %q", args)
	}
	name, version, err := snapdtest.ReadSnap(args[1])
	if err != nil {
		return err
	}
	fmt.Printf("path:       %q\nname:       %s\nversion:    %s classic\n", args[1], name, version)
	return nil
}

// updateCertificates makes the bundle of all local authorities.
func updateCertificates(root string) error {
	files, err := filepath.Glob(filepath.Join(root, "usr/local/share/ca-certificates/*.crt"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var bundle []byte
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		bundle = append(append(bundle, content...), '\n')
	}
	path := filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, bundle, 0o644)
}

// installPrograms puts scripts for the played programs into a directory.
func installPrograms(t *testing.T, dir, root string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"apt-get", "apt-mark", "dpkg", "update-ca-certificates", "journalctl", "iptables", "systemctl", "snap", "docker", "ctr", "usermod", "nvidia-smi", "apt-helper", "update-grub", "boot", "ip"} {
		script := fmt.Sprintf("#!/bin/sh\n%s=%s %s='%s' exec '%s' \"$@\"\n", programVariable, name, rootVariable, root, self)
		path := filepath.Join(dir, name)
		if name == "apt-helper" { // which is not on PATH
			path = filepath.Join(root, "usr/lib/apt", name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	serveKeys(t, root)
}
