package archive

import (
	"bufio"
	"compress/gzip"
	"io"
)

// tracked remembers how reading ended, so that the source's error is not taken for a fault of the archive and the end
// of the packed data not for that of the transfer.
type tracked struct {
	io.Reader
	err   error
	ended bool
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	switch {
	case err == io.EOF:
		t.ended = true
	case err != nil:
		t.err = err
	}
	return n, err
}

// members reads the members of a gzip file one after another, as the format has it, and stops at what is none, so that
// it can be told from a member that was cut off.
type members struct {
	raw    *bufio.Reader
	packed *gzip.Reader
	inside bool // packed stops at the end of each member
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if !m.inside {
			m.packed.Multistream(false)
			m.inside = true
		}
		n, err := m.packed.Read(p)
		if n > 0 || err != io.EOF {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		if next, _ := m.raw.Peek(2); string(next) != "\x1f\x8b" {
			return 0, io.EOF
		}
		if err := m.packed.Reset(m.raw); err != nil {
			return 0, err
		}
		m.inside = false
	}
}
