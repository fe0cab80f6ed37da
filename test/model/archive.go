package model

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// CNIArchive makes the resource with the pod network's plugins: three programs, large enough to be taken for real ones.
func (w *World) CNIArchive() string {
	w.T.Helper()
	path := filepath.Join(w.dir(), "cni.tgz")
	content, err := packedPlugins()
	w.must(err)
	w.must(os.WriteFile(path, content, 0o644))
	return path
}

// packedPlugins are packed once for all tests of the process.
var packedPlugins = sync.OnceValues(func() ([]byte, error) {
	noise := rand.NewChaCha8([32]byte{})
	program := make([]byte, 600_000)
	if _, err := noise.Read(program); err != nil {
		return nil, err
	}
	return pack([]tar.Header{
		{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./bridge", Typeflag: tar.TypeReg, Mode: 0o755},
		{Name: "./loopback", Typeflag: tar.TypeReg, Mode: 0o755},
		{Name: "./host-local", Typeflag: tar.TypeReg, Mode: 0o755},
	}, program)
})

// Archive makes a .tgz of entries, each file with the same content.
func (w *World) Archive(name string, entries []tar.Header, content []byte) string {
	w.T.Helper()
	path := filepath.Join(w.dir(), name)
	packed, err := pack(entries, content)
	w.must(err)
	w.must(os.WriteFile(path, packed, 0o644))
	return path
}

func pack(entries []tar.Header, content []byte) ([]byte, error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	for _, h := range entries {
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if err := archive.WriteHeader(&h); err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := archive.Write(content); err != nil {
				return nil, err
			}
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
