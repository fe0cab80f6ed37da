package snapdtest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// aboutSnap is the document in a snap file made by WriteSnap.
type aboutSnap struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Classic bool   `json:"classic"`
}

const (
	superblockLength  = 96
	imageLengthOffset = 40
	// contentLimit is how much of an uploaded file is kept.
	contentLimit = 64 << 10
)

// WriteSnap makes a file that the client takes for a squashfs image and the stand-in for a classic snap of that name and
// version.
func WriteSnap(path, name, version string) error {
	return writeSnap(path, aboutSnap{Name: name, Version: version, Classic: true}, 0)
}

// WriteLargeSnap is WriteSnap with padding up to size bytes.
func WriteLargeSnap(path, name, version string, size int64) error {
	return writeSnap(path, aboutSnap{Name: name, Version: version, Classic: true}, size)
}

func writeSnap(path string, about aboutSnap, size int64) error {
	document, err := json.Marshal(about)
	if err != nil {
		return err
	}
	head := make([]byte, superblockLength)
	copy(head, "hsqs")
	size = max(size, int64(len(head)+len(document)))
	binary.LittleEndian.PutUint64(head[imageLengthOffset:], uint64(size))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, append(head, document...), 0o644); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

// readSnap keeps the beginning of an uploaded file and counts the whole.
func readSnap(r io.Reader, count *int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, contentLimit))
	if err != nil {
		return nil, err
	}
	rest, err := io.Copy(io.Discard, r)
	*count += int64(len(content)) + rest
	return content, err
}

// Uploaded is the number of bytes of snap files received so far.
func (s *Server) Uploaded() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploads
}

// ReadSnap gives name and version of a file that WriteSnap made.
func ReadSnap(path string) (name, version string, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	about, err := parseSnap(content)
	return about.Name, about.Version, err
}

func parseSnap(content []byte) (aboutSnap, error) {
	var about aboutSnap
	if len(content) < superblockLength || !bytes.HasPrefix(content, []byte("hsqs")) {
		return about, errors.New("can't find a SQUASHFS superblock")
	}
	if err := json.NewDecoder(bytes.NewReader(content[superblockLength:])).Decode(&about); err != nil || about.Name == "" {
		return about, errors.New("can't find a SQUASHFS superblock")
	}
	return about, nil
}
