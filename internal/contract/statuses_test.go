package contract_test

import (
	"go/ast"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every status text that the sources can send is in the reference, under its state, and no other. Parts of a text that
// vary are written <so> there.
func TestStatusesReferenceListsEveryTextOfTheSources(t *testing.T) {
	var want []string
	for _, pattern := range []string{"../worker/*.go", "../resource/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources in %s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, declaration := range parse(t, file).Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
					want = append(want, statusesOf(f)...)
				}
			}
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)

	varying := regexp.MustCompile(`(<[^>]*>)+`)
	var have []string
	for _, row := range rows(t, "reference/statuses.md", "Status") {
		text := varying.ReplaceAllString(row[0], "…")
		if !varies(text) {
			have = append(have, row[1]+" | "+text)
		}
	}
	slices.Sort(have)
	compare(t, "docs/reference/statuses.md", have, want)
}

// statusesOf finds the status texts in a function, as "state | text": conditions, the Status of resources, the literals
// of type Status, and what the function that names missing data gives to one of them.
func statusesOf(f *ast.FuncDecl) []string {
	var found []string
	add := func(state string, text ast.Expr) {
		if rendered := render(f, text); !varies(rendered) {
			found = append(found, state+" | "+rendered)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch name := selected(n.Fun); {
			case name == "NewWaiting":
				add("waiting", n.Args[0])
			case name == "NewBlocked":
				add("blocked", n.Args[0])
			}
		case *ast.CompositeLit:
			if selected(n.Type) == "Status" && len(n.Elts) == 2 {
				add(selected(n.Elts[0]), n.Elts[1])
			}
		case *ast.KeyValueExpr:
			if key := selected(n.Key); key == "Status" {
				add("maintenance", n.Value)
			}
		case *ast.AssignStmt:
			if selected(n.Lhs[0]) == "Status" {
				add("maintenance", n.Rhs[0])
			}
		}
		return true
	})
	if f.Name.Name == "missingData" {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ReturnStmt:
				add("waiting", n.Results[0])
			case *ast.CompositeLit:
				if n.Type == nil {
					if sum, ok := n.Elts[len(n.Elts)-1].(*ast.BinaryExpr); ok {
						add("waiting", sum)
					}
				}
			}
			return true
		})
	}
	return found
}

// varies reports whether a text has no words of its own: it is what somebody else says.
func varies(text string) bool { return strings.Trim(text, "…: ") == "" }

// selected is the last part of a name: NewBlocked of condition.NewBlocked.
func selected(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

var (
	verbs    = regexp.MustCompile(`%[#+ 0-9.]*[a-z]`)
	ellipses = regexp.MustCompile(`…+`)
)

// render writes an expression with … for what is known only when the program runs.
func render(f *ast.FuncDecl, e ast.Expr) string {
	text := "…"
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ = literal(e)
	case *ast.BinaryExpr:
		text = render(f, e.X) + render(f, e.Y)
	case *ast.CallExpr:
		if selected(e.Fun) == "Sprintf" {
			if format, ok := literal(e.Args[0]); ok {
				text = strings.ReplaceAll(verbs.ReplaceAllString(format, "…"), "%%", "%")
			}
		}
	case *ast.Ident:
		if value := assigned(f, e.Name); value != nil {
			text = render(f, value)
		}
	}
	return ellipses.ReplaceAllString(text, "…")
}

// assigned finds what a local variable is set to, if it is set only once.
func assigned(f *ast.FuncDecl, name string) ast.Expr {
	var values []ast.Expr
	ast.Inspect(f, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && selected(a.Lhs[0]) == name {
			values = append(values, a.Rhs[0])
		}
		return true
	})
	if len(values) != 1 {
		return nil
	}
	return values[0]
}
