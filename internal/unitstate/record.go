package unitstate

import (
	"encoding/binary"
	"errors"
)

// column is a value of a row: text for texts and blobs, number for whole numbers. Other values are left out.
type column struct {
	text   []byte
	number int64
}

// record takes a row apart: a header with the kind of each value, then the values.
func record(payload []byte) ([]column, error) {
	size, n := varint(payload)
	if n == 0 || size < uint64(n) || size > uint64(len(payload)) {
		return nil, errors.New("a row has no header")
	}
	header, body := payload[n:size], payload[size:]
	var columns []column
	for len(header) > 0 {
		kind, n := varint(header)
		if n == 0 {
			return nil, errors.New("the header of a row is cut off")
		}
		header = header[n:]
		length := lengthOf(kind)
		if length > uint64(len(body)) {
			return nil, errors.New("a row is cut off")
		}
		value := body[:length]
		body = body[length:]
		switch {
		case kind >= 12:
			columns = append(columns, column{text: value})
		case kind == 9:
			columns = append(columns, column{number: 1})
		case kind >= 1 && kind <= 6:
			columns = append(columns, column{number: whole(value)})
		default:
			columns = append(columns, column{})
		}
	}
	return columns, nil
}

// lengthOf is how many bytes a value of a kind takes.
func lengthOf(kind uint64) uint64 {
	switch {
	case kind >= 12:
		return (kind - 12) / 2
	case kind >= 1 && kind <= 4:
		return kind
	case kind == 5:
		return 6
	case kind == 6 || kind == 7:
		return 8
	}
	return 0
}

// whole is a number in two's complement of up to eight bytes.
func whole(value []byte) int64 {
	var wide [8]byte
	if value[0]&0x80 != 0 {
		wide = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(wide[8-len(value):], value)
	return int64(binary.BigEndian.Uint64(wide[:]))
}

// varint reads SQLite's numbers of variable length: seven bits a byte, and eight in the ninth. n is 0 where it is cut off.
func varint(b []byte) (value uint64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return value<<8 | uint64(b[i]), 9
		}
		value = value<<7 | uint64(b[i]&0x7f)
		if b[i]&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}
