// Package archive owns the reading of gzipped tar archives that nobody vouches for, such as the resource with the CNI
// plugins. It accepts regular files and directories with plain relative names and refuses everything else.
//
// It never writes a file: the caller reads the whole archive once with Read, learning what it holds and that nothing in
// it is hostile, and then lets Extract hand over the files one by one.
package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Entry is a file or directory in an archive.
type Entry struct {
	Name   string      // relative, with slashes, without a leading "./"
	Mode   fs.FileMode // permission bits, and fs.ModeDir for a directory
	Size   int64       // bytes when unpacked
	SHA256 string      // of the content in lower-case hex; "" for a directory
}

// Limits bound what an archive may hold. A limit of 0 allows nothing.
type Limits struct {
	Entries int   // files and directories
	File    int64 // bytes of one unpacked file
	Total   int64 // bytes of all unpacked files together
}

// DefaultLimits are far above what any release of the CNI plugins holds (20 files, 90 MB) and far below what would
// fill a disk.
func DefaultLimits() Limits { return Limits{Entries: 1000, File: 256 << 20, Total: 1 << 30} }

// Kind tells the reasons apart for which an archive is refused.
type Kind int

// The kinds of refusal.
const (
	NotAnArchive Kind = iota + 1 // no gzip, or no tar in it
	Truncated                    // ends too early
	Corrupt                      // damaged, or something follows its end
	Hostile                      // holds what has no place in it; Entry names it
	TooLarge                     // beyond the limits
	Empty                        // holds no file
)

// Error is an archive refused. Reading errors of the source are returned as they are, not as an Error.
type Error struct {
	Kind   Kind
	Entry  string // the name in the archive, "" if none is at fault
	Reason string
}

func (e *Error) Error() string {
	if e.Entry != "" {
		return fmt.Sprintf("cannot accept archive: entry %q %s", e.Entry, e.Reason)
	}
	return "cannot accept archive: " + e.Reason
}

// Read reads the whole archive and returns what it holds in its order. Nothing of it is kept in memory.
// An archive that is to be refused gives an *Error.
func Read(r io.Reader, limits Limits) ([]Entry, error) {
	return Extract(r, limits, func(Entry, io.Reader) error { return nil })
}

// Extract calls each for every directory and file of the archive in its order, and returns what Read returns.
// The Entry that each gets has no SHA256 yet. Content that each does not read is passed over; its error ends the
// reading and is returned wrapped. Since a fault may lie behind files that were handed over already, what must not be
// half unpacked is read with Read first.
func Extract(r io.Reader, limits Limits, each func(Entry, io.Reader) error) ([]Entry, error) {
	w, err := newWalk(r, limits)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for {
		entry, err := w.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		content := io.TeeReader(w.content(), sum)
		if err := each(entry, content); err != nil {
			if w.failed != nil {
				return nil, w.failed
			}
			return nil, fmt.Errorf("cannot unpack %s: %w", entry.Name, err)
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return nil, err
		}
		if !entry.Mode.IsDir() {
			entry.SHA256 = hex.EncodeToString(sum.Sum(nil))
		}
		entries = append(entries, entry)
	}
	if err := w.finish(entries); err != nil {
		return nil, err
	}
	return entries, nil
}
