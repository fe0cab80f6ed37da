package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPadding is how many zero bytes may follow the end of the tar archive; tools pad to blocks of 10 KiB.
const maxPadding = 1 << 20

// walk goes through an archive and stops at the first thing that is wrong.
type walk struct {
	source *tracked
	raw    *bufio.Reader // of source
	packed *tracked
	tar    *tar.Reader
	limits Limits

	count  int
	total  int64
	seen   map[string]place
	failed error // the first error met while content was read
}

// place is what a name in the archive stands for.
type place int

const (
	implied   place = iota + 1 // a directory that a name below it needs
	directory                  // a directory with an entry of its own
	file
)

func newWalk(r io.Reader, limits Limits) (*walk, error) {
	w := &walk{source: &tracked{Reader: r}, limits: limits, seen: map[string]place{}}
	w.raw = bufio.NewReaderSize(w.source, 64<<10)
	packed, err := gzip.NewReader(w.raw)
	switch {
	case err == io.EOF:
		return nil, &Error{Kind: NotAnArchive, Reason: "it is empty"}
	case err != nil:
		return nil, w.explain(err)
	}
	w.packed = &tracked{Reader: &members{raw: w.raw, packed: packed}}
	w.tar = tar.NewReader(w.packed)
	return w, nil
}

// next returns the next file or directory, io.EOF after the last.
func (w *walk) next() (Entry, error) {
	for {
		header, err := w.tar.Next()
		if err == io.EOF {
			return Entry{}, io.EOF
		}
		if err != nil {
			return Entry{}, w.explain(err)
		}
		if w.count++; w.count > w.limits.Entries {
			return Entry{}, &Error{Kind: TooLarge, Reason: fmt.Sprintf("it holds more than %d entries", w.limits.Entries)}
		}
		// A comment for the archive as a whole, as `git archive` writes, and its top directory are nothing to unpack.
		if header.Typeflag == tar.TypeXGlobalHeader || (header.Typeflag == tar.TypeDir && isTop(header.Name)) {
			continue
		}
		entry, refusal := w.accept(header)
		if refusal != nil {
			return Entry{}, refusal
		}
		return entry, nil
	}
}

// accept checks everything about an entry but its content.
func (w *walk) accept(header *tar.Header) (Entry, *Error) {
	hostile := func(reason string) (Entry, *Error) {
		return Entry{}, &Error{Kind: Hostile, Entry: header.Name, Reason: reason}
	}
	if what := kindOf(header.Typeflag); what != "" {
		return hostile("is " + what + "; only files and directories are accepted")
	}
	isDir := header.Typeflag == tar.TypeDir
	name, reason := cleanName(header.Name, isDir)
	if reason != "" {
		return hostile(reason)
	}
	if header.Mode&^0o777&0o7777 != 0 {
		return hostile("has a setuid, setgid or sticky bit")
	}
	// A directory may get its entry after something in it; nothing else may come twice.
	if known := w.seen[name]; known != 0 && !(isDir && known == implied) {
		return hostile("is there twice")
	}
	for i, c := range name {
		if c != '/' {
			continue
		}
		switch w.seen[name[:i]] {
		case file:
			return hostile("lies below an entry that is a file")
		case 0:
			w.seen[name[:i]] = implied
		}
	}
	w.seen[name] = file
	if isDir {
		w.seen[name] = directory
	}
	entry := Entry{Name: name, Mode: fs.FileMode(header.Mode & 0o777)}
	if isDir {
		entry.Mode |= fs.ModeDir
		return entry, nil
	}
	entry.Size = header.Size
	if w.total += header.Size; header.Size > w.limits.File || w.total > w.limits.Total {
		return Entry{}, &Error{Kind: TooLarge, Entry: header.Name,
			Reason: fmt.Sprintf("is too large: a file may have %d bytes, all together %d", w.limits.File, w.limits.Total)}
	}
	return entry, nil
}

// kindOf says what an entry is that is neither file nor directory.
func kindOf(flag byte) string {
	switch flag {
	case tar.TypeReg, tar.TypeDir:
		return ""
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a pipe"
	}
	return fmt.Sprintf("of the unknown type %q", string(rune(flag)))
}

func isTop(name string) bool { return name == "." || name == "./" }

// cleanName returns the name without "./" before it and "/" behind it, or what is wrong with it.
func cleanName(name string, isDir bool) (clean, reason string) {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", "has a name with control characters"
	}
	if strings.HasPrefix(name, "/") {
		return "", "has an absolute name"
	}
	clean = strings.TrimPrefix(name, "./")
	if isDir {
		clean = strings.TrimSuffix(clean, "/")
	}
	if clean == "" {
		return "", "has an empty name"
	}
	const longestName, longestPart = 1024, 200
	if len(clean) > longestName {
		return "", "has a name that is too long"
	}
	for part := range strings.SplitSeq(clean, "/") {
		switch {
		case part == "..":
			return "", "has a name that leads out of the archive"
		case part == "" || part == ".":
			return "", "has a name with an empty part"
		case len(part) > longestPart:
			return "", "has a name that is too long"
		}
	}
	return clean, ""
}

// content reads the current entry.
func (w *walk) content() io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := w.tar.Read(p)
		if err != nil && err != io.EOF {
			err = w.explain(err)
			w.failed = err
		}
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// finish reads what lies behind the last entry: padding, and the check sum of the packed data.
func (w *walk) finish(entries []Entry) error {
	buffer := make([]byte, 4096)
	for padding := 0; ; {
		n, err := w.packed.Read(buffer)
		padding += n
		for _, c := range buffer[:n] {
			if c != 0 {
				return &Error{Kind: Corrupt, Reason: "something follows its end"}
			}
		}
		if padding > maxPadding {
			return &Error{Kind: TooLarge, Reason: "its padding has no end"}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return w.explain(err)
		}
	}
	if _, err := w.raw.ReadByte(); err == nil {
		return &Error{Kind: Corrupt, Reason: "something follows its end"}
	} else if w.source.err != nil {
		return w.explain(err)
	}
	for _, entry := range entries {
		if !entry.Mode.IsDir() {
			return nil
		}
	}
	return &Error{Kind: Empty, Reason: "it holds no file"}
}

// explain turns an error of the readers below into one that says what is wrong with the archive.
func (w *walk) explain(err error) error {
	switch {
	case w.source.err != nil:
		return fmt.Errorf("cannot read archive: %w", w.source.err)
	case w.count == 0 && (errors.Is(err, tar.ErrHeader) || (w.packed != nil && w.packed.ended)):
		return &Error{Kind: NotAnArchive, Reason: "there is no tar archive in it"}
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return &Error{Kind: Truncated, Reason: "it ends too early: the transfer was cut off"}
	case errors.Is(err, gzip.ErrHeader):
		return &Error{Kind: NotAnArchive, Reason: "it is not in gzip format"}
	case errors.Is(err, gzip.ErrChecksum):
		return &Error{Kind: Corrupt, Reason: "its check sum is wrong"}
	}
	return &Error{Kind: Corrupt, Reason: "it is damaged: " + err.Error()}
}
