package jujusim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// store is the model directory: model.json, the lock, the charms, the resources, the logs.
type store struct {
	dir   string
	lock  *os.File
	saved []byte // what model.json holds, as far as this process has written it
}

// openStore takes the directory's lock, so that two commands on one model run one after the other.
func openStore(dir string) (*store, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find model directory %s: %w", dir, err)
	}
	if err := os.MkdirAll(absolute, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the model directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(absolute, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the model's lock: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("cannot lock model %s, is another command running on it? %w", absolute, err)
	}
	return &store{dir: absolute, lock: lock}, nil
}

func (s *store) close() { s.lock.Close() }

func (s *store) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

func (s *store) load() (*modelState, error) {
	text, err := os.ReadFile(s.path("model.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot find a model in %s: bootstrap one first", s.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the model: %w", err)
	}
	var state modelState
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("cannot parse the model: %w", err)
	}
	return &state, nil
}

func (s *store) save(state *modelState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("cannot encode the model: %w", err)
	}
	if bytes.Equal(text, s.saved) {
		return nil
	}
	if err := writeAtomic(s.path("model.json"), text, 0o600); err != nil {
		return err
	}
	s.saved = text
	return nil
}

func (s *store) exists() bool {
	_, err := os.Stat(s.path("model.json"))
	return err == nil
}

// writeAtomic replaces a file by rename; a reader sees the old content or the new one.
func writeAtomic(path string, content []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Chmod(mode)
	}
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
