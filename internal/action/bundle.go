package action

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"time"
)

// largest is what is kept of one file of the archive: its end.
const largest = 8 << 20

// bundle writes an archive, each file of it without secrets.
type bundle struct {
	top    string // directory of all files
	now    func() time.Time
	redact Redactor
	tar    *tar.Writer
	gzip   *gzip.Writer
	log    bytes.Buffer // debug.log
	failed error        // to write
}

func newBundle(to io.Writer, top string, now func() time.Time, redact Redactor) *bundle {
	b := &bundle{top: top, now: now, redact: redact, gzip: gzip.NewWriter(to)}
	b.tar = tar.NewWriter(b.gzip)
	return b
}

// add puts a file into the archive.
func (b *bundle) add(name string, content []byte) {
	content = b.redact.Redact(content)
	header := &tar.Header{Name: path.Join(b.top, name), Mode: 0o600, Size: int64(len(content)), ModTime: b.now(), Typeflag: tar.TypeReg}
	if err := b.tar.WriteHeader(header); err != nil {
		b.fail(err)
		return
	}
	_, err := b.tar.Write(content)
	b.fail(err)
}

func (b *bundle) fail(err error) {
	if b.failed == nil {
		b.failed = err
	}
}

// note writes a line of debug.log.
func (b *bundle) note(format string, values ...any) {
	fmt.Fprintf(&b.log, "%s | %s\n", b.now().Format(time.DateTime), fmt.Sprintf(format, values...))
}

func (b *bundle) close() error {
	b.add("debug.log", b.log.Bytes())
	for _, c := range []io.Closer{b.tar, b.gzip} {
		if err := c.Close(); err != nil {
			b.fail(err)
		}
	}
	return b.failed
}

// ending keeps the end of what is written to it, from the beginning of a line on.
type ending struct {
	kept []byte
	lost int64
}

func (e *ending) Write(p []byte) (int, error) {
	e.kept = append(e.kept, p...)
	if len(e.kept) > 2*largest {
		e.cut()
	}
	return len(p), nil
}

func (e *ending) cut() {
	if over := len(e.kept) - largest; over > 0 {
		e.kept, e.lost = append([]byte(nil), e.kept[over:]...), e.lost+int64(over)
	}
}

func (e *ending) bytes() []byte {
	e.cut()
	if e.lost == 0 {
		return e.kept
	}
	line := bytes.IndexByte(e.kept, '\n') + 1
	return append(fmt.Appendf(nil, "[%d bytes before this were left out]\n", e.lost+int64(line)), e.kept[line:]...)
}
