package contract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestRelationsReferenceListsEveryEndpointAndWhetherItActs(t *testing.T) {
	acting := literals(t, "../charm/relations.go", "endpoints")
	var want []string
	for name, relation := range read(t).Meta().CombinedRelations() {
		acts := "later"
		if slices.Contains([]string{"coordinator", "kube-dns"}, name) {
			acts = "never"
		}
		if slices.Contains(acting, name) {
			acts = "now"
		}
		want = append(want, strings.Join([]string{name, relation.Interface, string(relation.Role), string(relation.Scope), acts}, " | "))
	}
	slices.Sort(want)
	var have []string
	for _, row := range rows(t, "reference/relations.md", "Endpoint") {
		have = append(have, strings.Join(row[:5], " | "))
	}
	slices.Sort(have)
	compare(t, "docs/reference/relations.md", have, want)
}

func TestEveryOptionIsRead(t *testing.T) {
	var want []string
	for name := range read(t).Config().Options {
		want = append(want, name)
	}
	slices.Sort(want)
	have := constants(t, "../options/options.go", "Option")
	slices.Sort(have)
	compare(t, "internal/options", have, want)
}

// rows reads the tables of a document whose first column has the given heading: cells without backticks and the
// brackets of links.
func rows(t *testing.T, document, heading string) [][]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "docs", filepath.FromSlash(document)))
	if err != nil {
		t.Fatal(err)
	}
	var found [][]string
	inside := false
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), " | ") {
			cells = append(cells, strings.TrimSpace(strings.ReplaceAll(cell, "`", "")))
		}
		switch {
		case cells[0] == heading:
			inside = true
		case inside && !strings.HasPrefix(cells[0], "---"):
			found = append(found, cells)
		}
	}
	if len(found) == 0 {
		t.Fatalf("docs/%s has no table whose first column is %q", document, heading)
	}
	return found
}

// compare reports what a document lacks and what it has too much.
func compare(t *testing.T, document string, have, want []string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(have, w) {
			t.Errorf("%s lacks: %s", document, w)
		}
	}
	for i, h := range have {
		if !slices.Contains(want, h) {
			t.Errorf("%s has what the sources do not have: %s", document, h)
		}
		if i > 0 && h == have[i-1] {
			t.Errorf("%s has twice: %s", document, h)
		}
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// literals gives the string literals in a function.
func literals(t *testing.T, file, function string) []string {
	t.Helper()
	var found []string
	for _, declaration := range parse(t, file).Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.Name == function {
			found = append(found, literalsIn(f)...)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no function %s with texts in it", file, function)
	}
	return found
}

// constants gives the values of the string constants of a type.
func constants(t *testing.T, file, typeName string) []string {
	t.Helper()
	var found []string
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName {
			found = append(found, literalsIn(spec)...)
		}
		return false
	})
	if len(found) == 0 {
		t.Fatalf("%s has no constants of type %s", file, typeName)
	}
	return found
}

func literalsIn(node ast.Node) []string {
	var found []string
	ast.Inspect(node, func(n ast.Node) bool {
		if text, ok := literal(n); ok {
			found = append(found, text)
		}
		return true
	})
	return found
}

func literal(n ast.Node) (string, bool) {
	basic, ok := n.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}
