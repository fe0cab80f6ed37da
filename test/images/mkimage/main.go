// mkimage packs one static program into an image of one layer, in the docker-archive form that both
// "ctr images import" and "docker load" read. The same program gives the same bytes.
//
//	mkimage OUT.tar NAME:TAG PROGRAM [WORD...]
//
// The words are the program's arguments.
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: mkimage OUT.tar NAME:TAG PROGRAM [WORD...]")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func pack(out, name, program string, words []string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	base := filepath.Base(program)
	var layer bytes.Buffer
	if err := writeLayer(&layer, base, content); err != nil {
		return err
	}
	layerID := digest(layer.Bytes())
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      time.Unix(0, 0).UTC(),
		"config":       map[string]any{"Entrypoint": append([]string{"/" + base}, words...), "Env": []string{"PATH=/"}, "WorkingDir": "/"},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layerID}},
		"history":      []any{map[string]any{"created": time.Unix(0, 0).UTC(), "created_by": "mkimage"}},
	})
	if err != nil {
		return err
	}
	configName := digest(config) + ".json"
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": configName, "RepoTags": []string{name}, "Layers": []string{layerID + "/layer.tar"},
	}})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	put := func(name string, data []byte) error { return add(w, name, 0o644, data) }
	if err := put(configName, config); err != nil {
		return err
	}
	if err := put(layerID+"/layer.tar", layer.Bytes()); err != nil {
		return err
	}
	if err := put("manifest.json", manifest); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, archive.Bytes(), 0o644)
}

// writeLayer gives the program the directories a runtime mounts on and a user to run as.
func writeLayer(to io.Writer, base string, content []byte) error {
	w := tar.NewWriter(to)
	for _, dir := range []string{"etc/", "tmp/", "proc/", "sys/", "dev/"} {
		if err := w.WriteHeader(&tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
			return err
		}
	}
	if err := add(w, "etc/passwd", 0o644, []byte("root:x:0:0:root:/:/"+base+"\n")); err != nil {
		return err
	}
	if err := add(w, base, 0o755, content); err != nil {
		return err
	}
	return w.Close()
}

func add(w *tar.Writer, name string, mode int64, data []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
