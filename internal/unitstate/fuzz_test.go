package unitstate

import (
	"bytes"
	"os"
	"testing"
)

func FuzzKeys(f *testing.F) {
	for _, name := range []string{"vacuumed.db", "utf16.db", "wal.db"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(_ *testing.T, content []byte) {
		d, err := open(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		if values, err := d.keys(); err == nil {
			_ = decode(values)
		}
	})
}
