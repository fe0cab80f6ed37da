package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
)

// collectTime is what one collector gets.
const collectTime = 300 * time.Second

// Files is the machine's files.
type Files interface {
	Path(path string) string
	ReadFile(path string) ([]byte, error)
	ReadDir(path string) ([]fs.DirEntry, error)
	Open(path string) (*os.File, error)
	WriteFrom(path string, content io.Reader, meta host.FileMeta) error
}

// Debug collects what helps to find a fault into one archive.
type Debug struct {
	Files   Files
	Runner  host.Runner
	Redact  Redactor
	Now     func() time.Time
	Docker  bool   // the container runtime is docker
	Address string // of containerd's socket; empty: the usual one

	// CharmDir has the operator's own scripts in debug-scripts.
	CharmDir string
	// Texts are what only the charm itself can tell: collector → file → content.
	Texts map[string]map[string]string

	Dir   string        // where the archive comes to lie
	Owner host.FileMeta // of the archive
}

// Archive makes the archive and gives its path. A collector that fails leaves a line in its log; only an archive that
// could not be written is an error.
func (d Debug) Archive(ctx context.Context, tell Teller) (string, error) {
	top := "debug-" + d.Now().Format("20060102150405")
	name := path.Join(d.Dir, top+".tar.gz")
	d.sweep()
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := newBundle(writer, top, d.Now, d.Redact)
		d.collect(ctx, b, tell)
		// The error ends the writing of the file as well; nil ends it well.
		_ = writer.CloseWithError(b.close())
	}()
	err := d.Files.WriteFrom(name, reader, d.Owner)
	reader.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // nobody reads any more
	<-done
	return name, err
}

// sweep removes what one that was killed has left.
func (d Debug) sweep() {
	for _, pattern := range []string{host.TemporaryName(path.Join(d.Dir, "debug-*.tar.gz")), path.Join("/tmp", scratchName)} {
		stale, _ := filepath.Glob(d.Files.Path(pattern))
		for _, name := range stale {
			_ = os.RemoveAll(name)
		}
	}
}

func (d Debug) collect(ctx context.Context, b *bundle, tell Teller) {
	for _, c := range d.collectors() {
		if ctx.Err() != nil || b.failed != nil {
			break
		}
		tell.Log(ctx, "collecting "+c.name)
		b.note("Running script: %s", c.name)
		bounded, cancel := context.WithTimeout(ctx, collectTime)
		for i, command := range c.commands {
			if answered := d.command(bounded, b, c.name, command); !answered && i == 0 && c.asks {
				b.note("ERROR: %s failed: it is asked nothing else", c.name)
				break
			}
		}
		for _, pattern := range c.files {
			d.copies(bounded, b, c.name, pattern)
		}
		for _, file := range slices.Sorted(maps.Keys(d.Texts[c.name])) {
			b.add(path.Join(c.name, file), []byte(d.Texts[c.name][file]))
		}
		if c.name == "docker" {
			d.dockerLogs(bounded, b)
		}
		cancel()
	}
	d.scripts(ctx, b, tell)
}

// command puts what a program prints into a file, and reports whether it succeeded. One that is not there is worth a line
// and no more.
func (d Debug) command(ctx context.Context, b *bundle, collector string, c command) bool {
	var out ending
	_, err := d.Runner.Run(ctx, host.Command{Name: c.args[0], Args: c.args[1:], Timeout: collectTime, Stdout: &out, Stderr: &out})
	if err != nil {
		var failure *host.CommandError
		if errors.As(err, &failure) && failure.Code > 0 {
			b.note("ERROR: %s failed with exit code %d: %s", collector, failure.Code, c.file)
		} else {
			b.note("ERROR: %s failed: %s: %v", collector, c.file, err)
		}
		if len(out.kept) == 0 {
			return false
		}
	}
	b.add(path.Join(collector, c.file), out.bytes())
	return err == nil
}

// copies puts the files that a pattern names into the archive, under the part of their names behind its last plain
// directory.
func (d Debug) copies(ctx context.Context, b *bundle, collector string, pattern source) {
	base := d.Files.Path("/")
	names, err := filepath.Glob(d.Files.Path(pattern.glob))
	if err != nil || len(names) == 0 {
		b.note("ERROR: %s failed: there is no %s", collector, pattern.glob)
	}
	for _, name := range names {
		if ctx.Err() != nil {
			b.note("ERROR: %s failed: its time was up before %s", collector, name)
			return
		}
		inside := "/" + strings.TrimPrefix(strings.TrimPrefix(name, base), "/")
		content, err := d.end(inside)
		if err != nil {
			b.note("ERROR: %s failed: %v", collector, err)
			continue
		}
		to := path.Base(inside)
		if pattern.under != "" {
			to = path.Join(pattern.to, strings.TrimPrefix(inside, pattern.under))
		}
		b.add(path.Join(collector, to), content)
	}
}

// end reads the end of a regular file; links are followed.
func (d Debug) end(name string) ([]byte, error) {
	file, err := d.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a file", name))
	}
	var out ending
	if over := info.Size() - largest; over > 0 {
		out.lost = over
		if _, err := file.Seek(over, io.SeekStart); err != nil {
			return nil, err
		}
	}
	_, err = io.Copy(&out, io.LimitReader(file, largest)) // it may grow as fast as it is read
	return out.bytes(), err
}

// scripts runs the operator's own, each with a directory of its own to write to.
func (d Debug) scripts(ctx context.Context, b *bundle, tell Teller) {
	entries, err := os.ReadDir(filepath.Join(d.CharmDir, "debug-scripts"))
	if err != nil {
		return // there are none
	}
	scratch, err := os.MkdirTemp(d.Files.Path("/tmp"), scratchName)
	if err != nil {
		b.note("ERROR: debug-scripts failed: %v", err)
		return
	}
	defer os.RemoveAll(scratch)
	for _, entry := range entries {
		if ctx.Err() != nil {
			return
		}
		if !entry.IsDir() {
			tell.Log(ctx, "running "+entry.Name())
			d.script(ctx, b, entry.Name(), filepath.Join(scratch, b.top, entry.Name()))
		}
	}
}

const scratchName = "kubernetes-worker-debug-*"

func (d Debug) script(ctx context.Context, b *bundle, name, dir string) {
	b.note("Running script: %s", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.note("ERROR: %s failed: %v", name, err)
		return
	}
	var stdout, stderr ending
	_, err := d.Runner.Run(ctx, host.Command{
		Name: filepath.Join(d.CharmDir, "debug-scripts", name), Dir: d.CharmDir, Env: []string{"DEBUG_SCRIPT_DIR=" + dir},
		Timeout: collectTime, Stdout: &stdout, Stderr: &stderr,
	})
	var failure *host.CommandError
	switch {
	case errors.As(err, &failure) && failure.Code > 0:
		b.note("ERROR: %s failed with exit code %d", name, failure.Code)
	case err != nil:
		b.note("ERROR: %s failed: %v", name, err)
	}
	b.add(path.Join(name, "stdout"), stdout.bytes())
	b.add(path.Join(name, "stderr"), stderr.bytes())
	_ = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // what cannot be read is left out
		}
		var out ending
		if content, err := os.Open(file); err == nil {
			_, _ = io.Copy(&out, content)
			_ = content.Close()
		}
		b.add(path.Join(name, strings.TrimPrefix(file, dir)), out.bytes())
		return nil
	})
}

// dockerLogs has the end of what each container said.
func (d Debug) dockerLogs(ctx context.Context, b *bundle) {
	var names bytes.Buffer
	_, err := d.Runner.Run(ctx, host.Command{Name: "docker", Args: []string{"ps", "--all", "--format", "{{.Names}}"}, Timeout: collectTime, Stdout: &names})
	if err != nil {
		return // docker-ps has said it
	}
	for _, name := range strings.Fields(names.String()) {
		d.command(ctx, b, "docker", command{"container-logs/" + name, []string{"docker", "logs", "--tail", "1000", name}})
	}
}
