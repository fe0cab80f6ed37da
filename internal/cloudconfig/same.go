package cloudconfig

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Same reports whether a provider reads the same from two files: they differ in blanks and empty lines at the most, or hold
// the same JSON.
func Same(have, want []byte) bool {
	var before, after any
	if json.Unmarshal(have, &before) == nil && json.Unmarshal(want, &after) == nil {
		return reflect.DeepEqual(before, after)
	}
	return slices.Equal(lines(have), lines(want))
}

func lines(content []byte) []string {
	var all []string
	for line := range strings.Lines(string(content)) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			all = append(all, line)
		}
	}
	return all
}
