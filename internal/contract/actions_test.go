package contract_test

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// resultsIn names the functions whose maps of texts are an action's results.
var resultsIn = map[string]string{
	"Results": "pause", "CleanContainers": "clean-containers", "CleanImages": "clean-images",
	"upgrade": "upgrade", "debug": "debug",
	"RegistryFailed": "registry", "CreateRegistry": "registry", "DeleteRegistry": "registry",
	"MicrobotFailed": "microbot", "CreateMicrobot": "microbot", "DeleteMicrobot": "microbot",
}

// Every result that the sources set is in the reference, and no other; every action has its failures there.
func TestActionsReferenceListsResultsAndFailures(t *testing.T) {
	// What afterwards sets is the result of pause and of resume; RefuseRegistry makes keys of parameters.
	want := []string{"pause | result", "resume | result", "registry | registry-create-parameter-<parameter>"}
	for _, pattern := range []string{"../charm/*.go", "../action/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources in %s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, declaration := range parse(t, file).Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && resultsIn[f.Name.Name] != "" {
					for _, key := range resultsOf(f) {
						want = append(want, resultsIn[f.Name.Name]+" | "+key)
					}
				}
			}
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	var have, failing []string
	for _, row := range rows(t, "reference/actions.md", "Action") {
		if len(row) == 4 {
			failing = append(failing, row[0])
			continue
		}
		have = append(have, row[0]+" | "+row[1])
	}
	slices.Sort(have)
	compare(t, "docs/reference/actions.md", have, want)
	for name := range read(t).Actions().ActionSpecs {
		if !slices.Contains(failing, name) {
			t.Errorf("docs/reference/actions.md has no failures of %s", name)
		}
	}
}

// resultsOf finds the keys of the maps of texts that a function makes and fills.
func resultsOf(f *ast.FuncDecl) []string {
	var keys []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if m, ok := n.Type.(*ast.MapType); !ok || selected(m.Key) != "string" || selected(m.Value) != "string" {
				return true
			}
			for _, element := range n.Elts {
				if key, ok := literal(element.(*ast.KeyValueExpr).Key); ok {
					keys = append(keys, key)
				}
			}
		case *ast.IndexExpr:
			if key, ok := literal(n.Index); ok && selected(n.X) == "results" {
				keys = append(keys, key)
			}
		}
		return true
	})
	return keys
}
