// Command charmpack packs the charm for one architecture into the .charm file that "juju deploy" takes. See "make charm".
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"kubernetes-worker/internal/charmpack"
)

func main() {
	var charm charmpack.Charm
	flag.StringVar(&charm.Dir, "dir", ".", "charm directory")
	flag.StringVar(&charm.Program, "binary", "", "the charm's program, built for -arch")
	flag.StringVar(&charm.Architecture, "arch", "", fmt.Sprintf("architecture, one of %v", charmpack.Architectures()))
	flag.StringVar(&charm.Version, "version", "", "version that juju status shows for the charm")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if charm.Program == "" || charm.Architecture == "" || *out == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "charmpack needs -arch, -binary and -o, and no arguments")
		flag.Usage()
		os.Exit(2)
	}
	if err := pack(charm, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pack writes the archive beside its final name first, so that a failure never leaves half a charm.
func pack(charm charmpack.Charm, out string) error {
	temporary, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".*")
	if err != nil {
		return fmt.Errorf("cannot create archive: %w", err)
	}
	defer os.Remove(temporary.Name()) // fails harmlessly once renamed
	defer temporary.Close()
	if err := charm.Pack(temporary); err != nil {
		return err
	}
	if err := temporary.Chmod(0o644); err != nil {
		return fmt.Errorf("cannot set mode of archive: %w", err)
	}
	if err := temporary.Close(); err != nil {
		return fmt.Errorf("cannot write archive: %w", err)
	}
	content, err := os.ReadFile(temporary.Name())
	if err != nil {
		return fmt.Errorf("cannot read archive: %w", err)
	}
	if err := os.Rename(temporary.Name(), out); err != nil {
		return fmt.Errorf("cannot put archive in place: %w", err)
	}
	fmt.Printf("%s  %.1f MB  sha256 %x\n", out, float64(len(content))/1e6, sha256.Sum256(content))
	return nil
}
