package snapdtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// hasDaemon names the snaps that bring a service, snap.<name>.daemon.
func hasDaemon(name string) bool { return name == "kubelet" || name == "kube-proxy" }

// install has the effects of a snap becoming the current one; a text is the reason of its failure.
func (s *Server) install(st *state, next *snap) string {
	name := next.Name
	data := filepath.Join(s.root, "var/snap", name)
	program := filepath.Join(s.root, "snap/bin", name)
	script := fmt.Sprintf("#!/bin/sh\ncase \"$1\" in\n--version) echo \"Kubernetes v%s\" ;;\n*) echo \"Usage: %s [flags]\" ;;\nesac\n", next.Version, name)
	err := errors.Join(
		os.MkdirAll(filepath.Join(data, next.Revision), 0o755),
		os.MkdirAll(filepath.Join(data, "common"), 0o755),
		os.MkdirAll(filepath.Dir(program), 0o755),
		relink(next.Revision, filepath.Join(data, "current")),
		replaceFile(program, []byte(script)),
		os.Chmod(program, 0o755),
	)
	if err != nil {
		return err.Error()
	}
	before := st.Snaps[name]
	remember(st, before, next)
	st.Snaps[name] = next
	if text := s.configure(st, name, nil); text != "" {
		delete(st.Snaps, name)
		if before != nil {
			st.Snaps[name] = before
		}
		return text
	}
	if !hasDaemon(name) {
		return ""
	}
	if err := s.startService(name, next.Revision); err != nil {
		return err.Error()
	}
	return ""
}

// startService writes the unit as snapd does, and starts it anew, as snapd does on every refresh.
func (s *Server) startService(name, revision string) error {
	unit := "snap." + name + ".daemon.service"
	dir := filepath.Join(s.root, "etc/systemd/system")
	text := fmt.Sprintf("[Unit]\nDescription=Service for snap application %[1]s.daemon\n[Service]\nX-Snappy=yes\n"+
		"ExecStart=/usr/bin/snap run %[1]s.daemon\nSyslogIdentifier=%[1]s.daemon\nRestart=always\n"+
		"WorkingDirectory=/var/snap/%[1]s/%[2]s\nType=simple\n[Install]\nWantedBy=multi-user.target\n", name, revision)
	wants := filepath.Join(dir, "multi-user.target.wants")
	if err := errors.Join(
		os.MkdirAll(wants, 0o755),
		replaceFile(filepath.Join(dir, unit), []byte(text)),
		relink("/etc/systemd/system/"+unit, filepath.Join(wants, unit)),
	); err != nil {
		return err
	}
	if s.services == nil {
		return nil
	}
	if err := s.services.Reload(); err != nil {
		return err
	}
	return errors.Join(s.services.StopUnit(unit), s.services.StartUnit(unit))
}

func relink(target, link string) error {
	temporary := link + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, link)
}
