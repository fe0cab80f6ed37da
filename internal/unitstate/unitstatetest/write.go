// Package unitstatetest writes databases for tests, as the charm's forerunner leaves them: the table of keys alone, small
// enough for one level of pages. That the real library takes them shows "go run . -check FILE" in test/unitstate.
package unitstatetest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
)

const pageSize = 4096

// Write makes a database with these keys; the values are written as JSON. It fails on values that do not fit into a page.
func Write(path string, values map[string]any) error {
	var leaves []*page
	var last []int64 // row numbers that end the leaves
	leaf := newPage(0x0d, 0, 8)
	for i, key := range slices.Sorted(maps.Keys(values)) {
		data, err := json.Marshal(values[key])
		if err != nil {
			return fmt.Errorf("cannot encode %s: %w", key, err)
		}
		row := record(key, string(data))
		cell := append(append(varint(uint64(len(row))), varint(uint64(i+1))...), row...)
		if len(row) > pageSize-35 {
			return fmt.Errorf("cannot write %s: it does not fit into a page", key)
		}
		if !leaf.add(cell) {
			leaves, last = append(leaves, leaf), append(last, int64(i))
			leaf = newPage(0x0d, 0, 8)
			leaf.add(cell)
		}
	}
	leaves = append(leaves, leaf)
	root := newPage(0x05, 0, 12)
	for i := range last {
		root.add(append(binary.BigEndian.AppendUint32(nil, uint32(3+i)), varint(uint64(last[i]))...))
	}
	binary.BigEndian.PutUint32(root.content[8:], uint32(2+len(leaves))) // the right child
	pages := append([]*page{root}, leaves...)
	if len(leaves) == 1 {
		pages = leaves
	}
	schema := newPage(0x0d, 100, 8)
	row := record("table", "kv", "kv", 2, "CREATE TABLE kv (key text, data text)")
	schema.add(append(append(varint(uint64(len(row))), 1), row...))
	copy(schema.content, header(1+len(pages)))
	var content []byte
	for _, p := range append([]*page{schema}, pages...) {
		content = append(content, p.content...)
	}
	return os.WriteFile(path, content, 0o600)
}

func header(pages int) []byte {
	h := make([]byte, 100)
	copy(h, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(h[16:], pageSize)
	h[18], h[19], h[21], h[22], h[23] = 1, 1, 64, 32, 32
	for at, value := range map[int]int{24: 1, 28: pages, 40: 1, 44: 4, 56: 1, 92: 1, 96: 3_045_000} {
		binary.BigEndian.PutUint32(h[at:], uint32(value))
	}
	return h
}

// page is filled from both ends: places of cells from the front, cells from the back.
type page struct {
	content     []byte
	start       int // of its header
	array, free int
}

func newPage(kind byte, start, header int) *page {
	p := &page{content: make([]byte, pageSize), start: start, array: start + header, free: pageSize}
	p.content[start] = kind
	binary.BigEndian.PutUint16(p.content[start+5:], pageSize) // where the cells begin
	return p
}

// add puts a cell into the page; it reports whether there was room.
func (p *page) add(cell []byte) bool {
	if p.free-len(cell) < p.array+2 {
		return false
	}
	p.free -= len(cell)
	copy(p.content[p.free:], cell)
	binary.BigEndian.PutUint16(p.content[p.array:], uint16(p.free))
	p.array += 2
	count := p.content[p.start+3:]
	binary.BigEndian.PutUint16(count, binary.BigEndian.Uint16(count)+1)
	binary.BigEndian.PutUint16(p.content[p.start+5:], uint16(p.free))
	return true
}

func record(values ...any) []byte {
	var kinds, body []byte
	for _, value := range values {
		switch v := value.(type) {
		case string:
			kinds = append(kinds, varint(uint64(13+2*len(v)))...)
			body = append(body, v...)
		case int:
			kinds, body = append(kinds, 1), append(body, byte(v))
		}
	}
	return append(append([]byte{byte(len(kinds) + 1)}, kinds...), body...)
}

func varint(n uint64) []byte {
	b := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		b = append([]byte{byte(n&0x7f) | 0x80}, b...)
	}
	return b
}
