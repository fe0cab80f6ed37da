package host

import "testing"

func BenchmarkReadingASmallFile(b *testing.B) {
	h := New("/")
	for b.Loop() {
		if _, err := h.ReadFile("/usr/share/doc/apt/copyright"); err != nil {
			b.Fatal(err)
		}
	}
}
