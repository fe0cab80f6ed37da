package charm

import (
	"maps"
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestTheProgramKnowsExactlyTheDeclaredActions(t *testing.T) {
	content, err := os.ReadFile("../../actions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var declared map[string]any
	if err := yaml.Unmarshal(content, &declared); err != nil {
		t.Fatal(err)
	}
	if want := slices.Sorted(maps.Keys(declared)); !slices.Equal(actionNames(), want) {
		t.Errorf("the program knows %q, actions.yaml declares %q", actionNames(), want)
	}
}
