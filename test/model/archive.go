package model

import (
	"archive/tar"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// CNIArchive makes the resource with the pod network's plugins: three programs, large enough to be taken for real ones.
func (w *World) CNIArchive() string {
	w.T.Helper()
	noise := rand.NewChaCha8([32]byte{})
	program := make([]byte, 600_000)
	if _, err := noise.Read(program); err != nil {
		w.T.Fatal(err)
	}
	return w.Archive("cni.tgz", []tar.Header{
		{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./bridge", Typeflag: tar.TypeReg, Mode: 0o755},
		{Name: "./loopback", Typeflag: tar.TypeReg, Mode: 0o755},
		{Name: "./host-local", Typeflag: tar.TypeReg, Mode: 0o755},
	}, program)
}

// Archive makes a .tgz of entries, each file with the same content.
func (w *World) Archive(name string, entries []tar.Header, content []byte) string {
	w.T.Helper()
	path := filepath.Join(filepath.Dir(w.Root), name)
	file, err := os.Create(path)
	w.must(err)
	packed := gzip.NewWriter(file)
	archive := tar.NewWriter(packed)
	for _, h := range entries {
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		w.must(archive.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := archive.Write(content)
			w.must(err)
		}
	}
	w.must(archive.Close())
	w.must(packed.Close())
	w.must(file.Close())
	return path
}
