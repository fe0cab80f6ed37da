// configure is the configure hook of the kubelet and kube-proxy snaps of the test bed. It reads the snap's
// configuration and writes $SNAP_DATA/args, which the daemon's wrapper puts on the command line: first the raw text of
// the key "args", then a line for each key that is an option of the program (listed in $SNAP/options). Unknown keys
// are ignored. Like in the snaps it stands for, the daemon is not restarted.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	if err := run(os.Getenv("SNAP"), os.Getenv("SNAP_DATA")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(snap, data string) error {
	list, err := os.ReadFile(filepath.Join(snap, "options"))
	if err != nil {
		return fmt.Errorf("cannot read the list of options: %w", err)
	}
	options := parseOptions(string(list))
	keys := []string{"get", "-d", "args"}
	for _, o := range options {
		keys = append(keys, o.name)
	}
	command := exec.Command("snapctl", keys...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("cannot read the snap's configuration: %w", err)
	}
	values := map[string]any{}
	if out = bytes.TrimSpace(out); len(out) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(out))
		decoder.UseNumber() // 1000000 must not become 1e+06
		if err := decoder.Decode(&values); err != nil {
			return fmt.Errorf("cannot read the snap's configuration: %w", err)
		}
	}
	text, err := render(options, values)
	if err != nil {
		return err
	}
	target := filepath.Join(data, "args")
	if err := os.WriteFile(target+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(target+".new", target)
}
