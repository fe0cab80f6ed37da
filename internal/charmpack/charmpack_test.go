package charmpack_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/juju/charm/v12"

	"kubernetes-worker/internal/charmpack"
	"kubernetes-worker/internal/contract"
)

const root = "../.."

// charmDir copies what belongs to the charm from the repository, with a README of its own and things beside it that must
// not be packed.
func charmDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"LICENSE", "actions.yaml", "config.yaml", "icon.svg", "manifest.yaml", "metadata.yaml"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		must(t, err)
		write(t, filepath.Join(dir, name), content)
	}
	write(t, filepath.Join(dir, "README.md"), []byte("# A charm\n"))
	write(t, filepath.Join(dir, "go.mod"), []byte("module x\n"))
	write(t, filepath.Join(dir, "internal", "x.go"), []byte("package x\n"))
	write(t, filepath.Join(dir, "docs", "x.md"), []byte("x\n"))
	read, err := charm.ReadCharmDir(dir)
	must(t, err)
	var endpoints, actions []string
	for name := range read.Meta().CombinedRelations() {
		endpoints = append(endpoints, name)
	}
	for name := range read.Actions().ActionSpecs {
		actions = append(actions, name)
	}
	must(t, contract.WriteLinks(dir, contract.Links(endpoints, actions)))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, content, 0o644))
}

// program writes the smallest file that passes for a program of the machine; with segments of the types given.
func program(t *testing.T, kind elf.Machine, order binary.ByteOrder, segments ...elf.ProgType) string {
	t.Helper()
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(kind), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: uint16(len(segments)), Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	if order == binary.BigEndian {
		header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
	}
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var content bytes.Buffer
	must(t, binary.Write(&content, order, header))
	for _, kind := range segments {
		must(t, binary.Write(&content, order, elf.Prog64{Type: uint32(kind)}))
	}
	file := filepath.Join(t.TempDir(), "program")
	write(t, file, content.Bytes())
	return file
}

func pack(t *testing.T, c charmpack.Charm) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, c.Pack(&out))
	return out.Bytes()
}

func TestPackedCharmIsReadByJujuForEveryArchitecture(t *testing.T) {
	programs := map[string]string{
		"amd64":   program(t, elf.EM_X86_64, binary.LittleEndian),
		"arm64":   program(t, elf.EM_AARCH64, binary.LittleEndian),
		"ppc64el": program(t, elf.EM_PPC64, binary.LittleEndian),
		"s390x":   program(t, elf.EM_S390, binary.BigEndian),
	}
	dir := charmDir(t)
	for _, architecture := range charmpack.Architectures() {
		t.Run(architecture, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "kubernetes-worker_"+architecture+".charm")
			write(t, file, pack(t, charmpack.Charm{
				Dir: dir, Program: programs[architecture], Architecture: architecture, Version: "v1.2-3-gabcdef",
			}))
			archive, err := charm.ReadCharmArchive(file)
			must(t, err)
			must(t, charm.CheckMeta(archive))
			if name := archive.Meta().Name; name != "kubernetes-worker" {
				t.Errorf("name is %q", name)
			}
			if n := len(archive.Config().Options); n != 28 {
				t.Errorf("%d options arrive, want 28", n)
			}
			if n := len(archive.Actions().ActionSpecs); n != 8 {
				t.Errorf("%d actions arrive, want 8", n)
			}
			if archive.Version() != "v1.2-3-gabcdef" {
				t.Errorf("version is %q", archive.Version())
			}
			for _, base := range archive.Manifest().Bases {
				if !slices.Equal(base.Architectures, []string{architecture}) {
					t.Errorf("base %s is not for %s alone", base, architecture)
				}
			}
			if len(archive.Manifest().Bases) == 0 {
				t.Error("the manifest has no bases")
			}
			checkExpanded(t, archive)
		})
	}
}

// checkExpanded unpacks the charm as a unit does and follows every link to the program.
func checkExpanded(t *testing.T, archive *charm.CharmArchive) {
	t.Helper()
	dir := t.TempDir()
	must(t, archive.ExpandTo(dir))
	var endpoints, actions []string
	for name := range archive.Meta().CombinedRelations() {
		endpoints = append(endpoints, name)
	}
	for name := range archive.Actions().ActionSpecs {
		actions = append(actions, name)
	}
	links := contract.Links(endpoints, actions)
	problems, err := contract.CheckLinks(dir, links)
	must(t, err)
	for _, problem := range problems {
		t.Error(problem)
	}
	for name := range links {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm()&0o111 != 0o111 {
			t.Errorf("%s leads to a file of mode %v, want it executable", name, info.Mode())
		}
	}
}

func TestPackingTwiceGivesTheSameBytes(t *testing.T) {
	binary := program(t, elf.EM_X86_64, binary.LittleEndian)
	first := charmpack.Charm{Dir: charmDir(t), Program: binary, Architecture: "amd64", Version: "v1"}
	second := first
	second.Dir = charmDir(t)
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chtimes(filepath.Join(second.Dir, "config.yaml"), old, old))
	must(t, os.Chmod(filepath.Join(second.Dir, "config.yaml"), 0o600))
	a, b := sha256.Sum256(pack(t, first)), sha256.Sum256(pack(t, second))
	if a != b {
		t.Errorf("the same charm packed twice differs: %x and %x", a, b)
	}
}

func TestArchiveHoldsOnlyWhatACharmNeeds(t *testing.T) {
	content := pack(t, charmpack.Charm{
		Dir: charmDir(t), Program: program(t, elf.EM_X86_64, binary.LittleEndian), Architecture: "amd64",
	})
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	must(t, err)
	var top, names []string
	for _, file := range archive.File {
		names = append(names, file.Name)
		if len(file.Extra) > 0 || file.Comment != "" {
			t.Errorf("%s has an extra field or a comment", file.Name)
		}
		if dir := path.Dir(file.Name); dir != "." {
			if dir != "hooks" && dir != "actions" {
				t.Errorf("%s does not belong into a charm", file.Name)
			}
			if file.Mode() != fs.ModeSymlink|0o777 {
				t.Errorf("%s has mode %v, want a link", file.Name, file.Mode())
			}
			continue
		}
		top = append(top, file.Mode().String()+" "+file.Name)
		if file.Name == "dispatch" {
			r, err := file.Open()
			must(t, err)
			target, err := io.ReadAll(r)
			must(t, err)
			if string(target) != "kubernetes-worker" {
				t.Errorf("dispatch leads to %q", target)
			}
		}
	}
	want := []string{
		"-rw-r--r-- LICENSE", "-rw-r--r-- README.md", "-rw-r--r-- actions.yaml", "-rw-r--r-- config.yaml",
		"Lrwxrwxrwx dispatch", "-rw-r--r-- icon.svg", "-rwxr-xr-x kubernetes-worker", "-rw-r--r-- manifest.yaml",
		"-rw-r--r-- metadata.yaml",
	}
	if !slices.Equal(top, want) {
		t.Errorf("top of the archive is\n%v, want\n%v", top, want)
	}
	if !slices.IsSorted(names) {
		t.Error("the archive is not sorted by name")
	}
}

func TestPackRefusesWhatWouldFailOnTheMachine(t *testing.T) {
	amd64 := program(t, elf.EM_X86_64, binary.LittleEndian)
	text := filepath.Join(t.TempDir(), "text")
	write(t, text, []byte("#!/bin/sh\n"))
	cases := []struct {
		name  string
		spoil func(t *testing.T, c *charmpack.Charm)
		want  string
	}{
		{"a program for another architecture", func(_ *testing.T, c *charmpack.Charm) { c.Architecture = "arm64" },
			"it is for EM_X86_64 (LittleEndian), not for arm64"},
		{"a big-endian program for ppc64el", func(t *testing.T, c *charmpack.Charm) {
			c.Architecture, c.Program = "ppc64el", program(t, elf.EM_PPC64, binary.BigEndian)
		}, "it is for EM_PPC64 (BigEndian), not for ppc64el"},
		{"a dynamically linked program", func(t *testing.T, c *charmpack.Charm) {
			c.Program = program(t, elf.EM_X86_64, binary.LittleEndian, elf.PT_LOAD, elf.PT_INTERP)
		}, "it is linked dynamically"},
		{"a program that is none", func(_ *testing.T, c *charmpack.Charm) { c.Program = text }, "it is no ELF file"},
		{"an unknown architecture", func(_ *testing.T, c *charmpack.Charm) { c.Architecture = "x86_64" },
			`architecture "x86_64" is none of [amd64 arm64 ppc64el s390x]`},
		{"no program", func(_ *testing.T, c *charmpack.Charm) { c.Program += ".gone" }, "cannot read program"},
		{"an absolute link", func(t *testing.T, c *charmpack.Charm) {
			must(t, os.Symlink("/usr/bin/true", filepath.Join(c.Dir, "hooks", "x")))
		}, `cannot pack link hooks/x: its target "/usr/bin/true" is no file of the charm`},
		{"a link out of the charm", func(t *testing.T, c *charmpack.Charm) {
			must(t, os.Symlink("../../kubernetes-worker", filepath.Join(c.Dir, "hooks", "x")))
		}, `cannot pack link hooks/x: its target "../../kubernetes-worker" is no file of the charm`},
		{"a link to a link", func(t *testing.T, c *charmpack.Charm) {
			must(t, os.Symlink("install", filepath.Join(c.Dir, "hooks", "x")))
		}, `cannot pack link hooks/x: its target "install" is no file of the charm`},
		{"a copied hook", func(t *testing.T, c *charmpack.Charm) {
			write(t, filepath.Join(c.Dir, "hooks", "x"), []byte("#!/bin/sh\n"))
		}, "cannot pack hooks/x as a link"},
		{"no README", func(t *testing.T, c *charmpack.Charm) { must(t, os.Remove(filepath.Join(c.Dir, "README.md"))) },
			"cannot read charm file"},
		{"a manifest with an unknown field", func(t *testing.T, c *charmpack.Charm) {
			write(t, filepath.Join(c.Dir, "manifest.yaml"), []byte("basis: []\n"))
		}, "field basis not found"},
		{"a manifest without the architecture", func(t *testing.T, c *charmpack.Charm) {
			write(t, filepath.Join(c.Dir, "manifest.yaml"),
				[]byte("bases: [{name: ubuntu, channel: \"22.04\", architectures: [arm64]}]\n"))
		}, "cannot pack for amd64: no base"},
		{"a version of two lines", func(_ *testing.T, c *charmpack.Charm) { c.Version = "v1\nv2" }, "must be one line"},
		{"a version that Juju would cut off", func(_ *testing.T, c *charmpack.Charm) { c.Version = strings.Repeat("v", 101) },
			"at most 100 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spoilt := charmpack.Charm{Dir: charmDir(t), Program: amd64, Architecture: "amd64"}
			c.spoil(t, &spoilt)
			err := spoilt.Pack(io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}
