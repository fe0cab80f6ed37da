package snapd

import (
	"slices"
	"strings"
)

// SameChannel reports whether two spellings name one channel: "1.28" is "1.28/stable", "stable" is "latest/stable".
func SameChannel(a, b string) bool { return fullChannel(a) == fullChannel(b) }

// fullChannel gives track/risk[/branch]; the empty text stays empty, as it means "none in particular".
func fullChannel(text string) string {
	if text == "" {
		return ""
	}
	parts := strings.Split(text, "/")
	if isRisk(parts[0]) {
		parts = append([]string{"latest"}, parts...)
	}
	if len(parts) == 1 {
		parts = append(parts, "stable")
	}
	return strings.Join(parts, "/")
}

// risks are those of every track, the safest first.
var risks = [...]string{"stable", "candidate", "beta", "edge"}

func isRisk(text string) bool { return slices.Contains(risks[:], text) }
