package unitstate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// journalMagic begins a journal that was not finished. SQLite leaves a journal of zeros or none at all behind.
const journalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

// Read reads the database at a path. A file that is not there is fs.ErrNotExist; one that somebody has not finished
// writing, or that cannot be understood, is an error that says so and holds nothing of what is in it.
func Read(path string) (State, error) {
	file, err := os.Open(path)
	if err != nil {
		return State{}, fmt.Errorf("cannot open %s: %w", path, err)
	}
	defer file.Close()
	s, err := read(file, path)
	if err != nil {
		return State{}, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return s, nil
}

func read(file *os.File, path string) (State, error) {
	info, err := file.Stat()
	if err != nil {
		return State{}, err
	}
	if !info.Mode().IsRegular() {
		return State{}, errors.New("it is no file")
	}
	d, err := open(file, info.Size())
	if err != nil {
		return State{}, err
	}
	if err := settled(file, path, d.wal); err != nil {
		return State{}, err
	}
	values, err := d.keys()
	if err != nil {
		return State{}, err
	}
	return decode(values), nil
}

// settled makes sure that the file is all there is: nobody is writing it, and nobody was killed while he did.
func settled(file *os.File, path string, wal bool) error {
	lock := syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart, Start: lockBytes, Len: lockLength}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &lock); err == nil && lock.Type != syscall.F_UNLCK {
		return fmt.Errorf("process %d is writing it", lock.Pid)
	}
	head := make([]byte, len(journalMagic))
	if journal, err := os.Open(path + "-journal"); err == nil {
		_, err = io.ReadFull(journal, head)
		_ = journal.Close()
		if err == nil && string(head) == journalMagic {
			return errors.New("a change of it was not finished")
		}
	}
	if info, err := os.Stat(path + "-wal"); wal && err == nil && info.Size() > 0 {
		return errors.New("changes of it are in a file beside it")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Where SQLite puts its locks, far behind the end of most files.
const (
	lockBytes  = 0x40000000
	lockLength = 512
)

// keys reads the table kv.
func (d *database) keys() (map[string][]byte, error) {
	root, err := d.table("kv")
	if err != nil {
		return nil, err
	}
	values := map[string][]byte{}
	err = d.rows(root, func(columns []column) error {
		if len(values) == maxRows {
			return errors.New("it has too many keys")
		}
		if len(columns) >= 2 && columns[0].text != nil {
			values[strings.ToValidUTF8(string(columns[0].text), "\uFFFD")] = columns[1].text
		}
		return nil
	})
	return values, err
}
