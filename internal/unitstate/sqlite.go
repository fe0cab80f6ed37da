package unitstate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits. The database of a worker has some hundred keys; the rest of the file is the framework's history of them.
const (
	maxFile  = 1 << 30
	maxRow   = 4 << 20
	maxRows  = 100_000
	maxTotal = 64 << 20
	maxDepth = 20 // of a tree; SQLite's own has as many at the most
)

const (
	headerSize    = 100
	magic         = "SQLite format 3\x00"
	interiorTable = 0x05
	leafTable     = 0x0d
	encodingUTF8  = 1
)

// database is a file in SQLite's format, as https://sqlite.org/fileformat2.html has it.
type database struct {
	file     io.ReaderAt
	pageSize int
	usable   int    // of a page; the rest is reserved for extensions
	pages    uint32 // in the file
	wal      bool   // newer pages may be in a file beside it
	seen     map[uint32]bool
	total    int // bytes of rows so far
}

func open(file io.ReaderAt, size int64) (*database, error) {
	if size > maxFile {
		return nil, fmt.Errorf("it is of %d bytes, which no unit's state comes to", size)
	}
	header := make([]byte, headerSize)
	if _, err := file.ReadAt(header, 0); err != nil || string(header[:len(magic)]) != magic {
		return nil, errors.New("it is no SQLite database")
	}
	pageSize := int(binary.BigEndian.Uint16(header[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	d := &database{file: file, pageSize: pageSize, usable: pageSize - int(header[20]), wal: header[19] == 2, seen: map[uint32]bool{}}
	switch {
	case pageSize < 512 || pageSize&(pageSize-1) != 0 || d.usable < 480:
		return nil, fmt.Errorf("its pages are of %d bytes", pageSize)
	case header[19] > 2:
		return nil, fmt.Errorf("it is of format %d", header[19])
	case binary.BigEndian.Uint32(header[56:]) > encodingUTF8: // 0 before the first text is written
		return nil, errors.New("its texts are not in UTF-8")
	case size%int64(pageSize) != 0:
		return nil, errors.New("its last page is cut off")
	}
	d.pages = uint32(size / int64(pageSize))
	return d, nil
}

// page reads a page of a tree. No page belongs to two places: a file that says so would never end.
func (d *database) page(number uint32) ([]byte, error) {
	if number == 0 || number > d.pages {
		return nil, fmt.Errorf("it refers to page %d of %d", number, d.pages)
	}
	if d.seen[number] {
		return nil, fmt.Errorf("page %d is in two places", number)
	}
	d.seen[number] = true
	content := make([]byte, d.pageSize)
	if _, err := d.file.ReadAt(content, int64(number-1)*int64(d.pageSize)); err != nil {
		return nil, fmt.Errorf("page %d cannot be read: %w", number, err)
	}
	return content[:d.usable], nil
}

// rows calls f with the columns of each row of the table whose tree has this root.
func (d *database) rows(root uint32, f func(columns []column) error) error { return d.walk(root, 0, f) }

func (d *database) walk(root uint32, depth int, f func(columns []column) error) error {
	if depth == maxDepth {
		return errors.New("it is nested too deeply")
	}
	content, err := d.page(root)
	if err != nil {
		return err
	}
	start := 0
	if root == 1 {
		start = headerSize
	}
	cells, kind, right, err := cellsOf(content, start)
	if err != nil {
		return fmt.Errorf("page %d: %w", root, err)
	}
	for _, at := range cells {
		if kind == interiorTable {
			if at+4 > len(content) {
				return fmt.Errorf("page %d ends in the middle of a cell", root)
			}
			if err := d.walk(binary.BigEndian.Uint32(content[at:]), depth+1, f); err != nil {
				return err
			}
			continue
		}
		payload, err := d.payload(content, at)
		if err != nil {
			return fmt.Errorf("page %d: %w", root, err)
		}
		columns, err := record(payload)
		if err != nil {
			return fmt.Errorf("page %d: %w", root, err)
		}
		if err := f(columns); err != nil {
			return err
		}
	}
	if kind == interiorTable {
		return d.walk(right, depth+1, f)
	}
	return nil
}

// cellsOf gives the places of a page's cells; right is the last child of an interior page.
func cellsOf(content []byte, start int) (cells []int, kind byte, right uint32, err error) {
	kind = content[start]
	array := start + 8
	switch kind {
	case leafTable:
	case interiorTable:
		array += 4
		right = binary.BigEndian.Uint32(content[start+8:])
	default:
		return nil, 0, 0, fmt.Errorf("it is of kind %d, not of a table", kind)
	}
	count := int(binary.BigEndian.Uint16(content[start+3:]))
	if array+2*count > len(content) {
		return nil, 0, 0, errors.New("it has more cells than room")
	}
	for i := range count {
		at := int(binary.BigEndian.Uint16(content[array+2*i:]))
		if at < array+2*count || at >= len(content) {
			return nil, 0, 0, errors.New("a cell is outside of it")
		}
		cells = append(cells, at)
	}
	return cells, kind, right, nil
}

// payload reads the row in a leaf's cell, whose end may be on pages of its own.
func (d *database) payload(content []byte, at int) ([]byte, error) {
	size, n := varint(content[at:])
	_, m := varint(content[min(at+n, len(content)):]) // the row's number
	at += n + m
	if n == 0 || m == 0 || size > maxRow {
		return nil, errors.New("a row has no size or is too large")
	}
	total, local := int(size), int(size)
	if most := d.usable - 35; total > most {
		least := (d.usable-12)*32/255 - 23
		if local = least + (total-least)%(d.usable-4); local > most {
			local = least
		}
	}
	end := at + local
	if total > local {
		end += 4
	}
	if d.total += total; end > len(content) || d.total > maxTotal {
		return nil, errors.New("a row does not fit")
	}
	payload := append(make([]byte, 0, total), content[at:at+local]...)
	if total == local {
		return payload, nil
	}
	next := binary.BigEndian.Uint32(content[at+local:])
	for len(payload) < total {
		overflow, err := d.page(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(overflow)
		payload = append(payload, overflow[4:4+min(total-len(payload), d.usable-4)]...)
	}
	return payload, nil
}

// table gives the root of the tree of a table, from the table of tables, and what it was made with.
func (d *database) table(name string) (root uint32, err error) {
	err = d.rows(1, func(columns []column) error {
		// type, name, tbl_name, rootpage, sql
		if len(columns) == 5 && string(columns[0].text) == "table" && string(columns[1].text) == name && columns[3].number > 0 {
			root = uint32(columns[3].number)
		}
		return nil
	})
	if err == nil && root == 0 {
		err = fmt.Errorf("it has no table %s", name)
	}
	return root, err
}
