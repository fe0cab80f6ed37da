package release

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Only this package decides by a release's number: everything else asks it for a feature or a name by what it is.
func TestNothingElseComparesVersions(t *testing.T) {
	root := filepath.Join("..", "..")
	allowed := map[string]bool{"internal/kubeversion": true, "internal/release": true}
	files := 0
	for _, top := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil || allowed[filepath.ToSlash(filepath.Dir(relative))] {
				return err
			}
			files++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, n := range comparisons(file) {
				t.Errorf("%s compares versions; name what it asks for in internal/release instead", set.Position(n.Pos()))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

// comparisons finds calls of AtLeast and comparisons of a field Minor with anything.
func comparisons(file *ast.File) []ast.Node {
	var found []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "AtLeast" {
				found = append(found, n)
			}
		case *ast.BinaryExpr:
			switch n.Op {
			case token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL, token.NEQ:
				if isMinor(n.X) || isMinor(n.Y) {
					found = append(found, n)
				}
			}
		}
		return true
	})
	return found
}

func isMinor(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Minor"
}

func TestAComparisonIsFound(t *testing.T) {
	for source, want := range map[string]int{
		"v.AtLeast(1, 24)": 1, "v.Minor >= 24": 1, "24 == v.Minor": 1, "f(v.AtLeast)": 1, "v.Minor + 1": 0, "v.SameMinor(o)": 0, "x.Has(v, y)": 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nvar _ = "+source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(comparisons(file)); got != want {
			t.Errorf("%s: %d comparisons, want %d", source, got, want)
		}
	}
}
