package apt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kubernetes-worker/internal/host"
)

// Where dpkg keeps what it knows, see deb-status(5). The directory holds changes that were not yet merged into the
// file when dpkg was interrupted.
const (
	statusFile  = "/var/lib/dpkg/status"
	updatesPath = "/var/lib/dpkg/updates"
)

// State says how far the installation of a package got.
type State int

// The states of a package.
const (
	StateAbsent    State = iota // not installed, perhaps with configuration files left
	StateInstalled              // unpacked and configured
	StateBroken                 // begun and not finished: `dpkg --configure -a` or a new installation is due
)

// Package is a package dpkg knows.
type Package struct {
	Version string // "" if StateAbsent
	State   State
	Held    bool // not to be upgraded
}

// Packages returns the packages of these names that dpkg knows. It starts no process. Names are those of real packages,
// with the architecture ("libc6:i386") only for a foreign one; a missing status file means that there are none.
func Packages(h *host.Host, names ...string) (map[string]Package, error) {
	content, err := h.ReadFile(statusFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read package states: %w", err)
	}
	found := map[string]Package{}
	parseStatus(content, h.Architecture(), names, found)
	updates, err := h.ReadDir(updatesPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read package states: %w", err)
	}
	for _, update := range updates {
		if strings.Trim(update.Name(), "0123456789") != "" {
			continue // dpkg's own temporary file
		}
		content, err := h.ReadFile(path.Join(updatesPath, update.Name()))
		if err != nil {
			return nil, fmt.Errorf("cannot read package states: %w", err)
		}
		parseStatus(content, h.Architecture(), names, found)
	}
	return found, nil
}

// Installed returns the versions of those of the packages that are completely installed.
func Installed(h *host.Host, names ...string) (map[string]string, error) {
	packages, err := Packages(h, names...)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for name, pkg := range packages {
		if pkg.State == StateInstalled {
			versions[name] = pkg.Version
		}
	}
	return versions, nil
}

// parseStatus adds the wanted packages of deb-status(5) text to found, over what is there. The file has a thousand
// stanzas of which few count, so that only the first line of most is looked at.
func parseStatus(text []byte, native string, names []string, found map[string]Package) {
	for len(text) > 0 {
		stanza := text
		if end := bytes.Index(text, []byte("\n\n")); end >= 0 {
			stanza, text = text[:end], text[end+2:]
		} else {
			text = nil
		}
		name := string(field(stanza, "Package"))
		if name == "" || !slices.ContainsFunc(names, func(n string) bool {
			return strings.HasPrefix(n, name) && (len(n) == len(name) || n[len(name)] == ':')
		}) {
			continue
		}
		architecture := string(field(stanza, "Architecture"))
		key := name
		if architecture != native && architecture != "all" && architecture != "" {
			key = name + ":" + architecture
		}
		if slices.Contains(names, key) {
			found[key] = decodePackage(stanza)
		}
	}
}

func decodePackage(stanza []byte) Package {
	words := strings.Fields(string(field(stanza, "Status")))
	if len(words) != 3 {
		return Package{}
	}
	pkg := Package{Version: string(field(stanza, "Version")), Held: words[0] == "hold"}
	switch state := words[2]; {
	case state == "not-installed" || state == "config-files":
		pkg.Version = ""
	case state == "installed" && words[1] == "ok":
		pkg.State = StateInstalled
	default: // half-installed, unpacked, half-configured, triggers-awaited, triggers-pending, or reinstreq
		pkg.State = StateBroken
	}
	return pkg
}

// field returns the value of a one-line field of a stanza.
func field(stanza []byte, name string) []byte {
	for len(stanza) > 0 {
		line := stanza
		if end := bytes.IndexByte(stanza, '\n'); end >= 0 {
			line, stanza = stanza[:end], stanza[end+1:]
		} else {
			stanza = nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && string(line[:len(name)]) == name {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}
