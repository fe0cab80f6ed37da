package contract_test

import (
	"go/ast"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	formatVerb  = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)
	placeholder = regexp.MustCompile(`<[^>]*>|; `) // a source may add its clause to another's
)

// words are what stays the same in a message: its parts between what is filled in, but for single words.
func words(message string, filledIn *regexp.Regexp) []string {
	var parts []string
	for _, part := range filledIn.Split(message, -1) {
		if part = strings.Trim(part, " ;:,"); strings.Contains(part, " ") && len(part) > 6 {
			parts = append(parts, part)
		}
	}
	return parts
}

// texts are all texts in the sources of some packages, and those of them that are errors.
func texts(t *testing.T, packages ...string) (all, failures []string) {
	t.Helper()
	for _, name := range packages {
		files, err := filepath.Glob("../" + name + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources of %s: %v", name, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			ast.Inspect(parse(t, file), func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, ok := literal(n); ok {
						all = append(all, text)
					}
				case *ast.CallExpr:
					if selected(n.Fun) == "Errorf" && len(n.Args) > 0 {
						if text, ok := literal(n.Args[0]); ok {
							failures = append(failures, text)
						}
					}
				}
				return true
			})
		}
	}
	return all, failures
}

// The reference quotes failures in the words of the sources. What an action says of the state that it leaves, which stands
// behind a semicolon, is all in the reference.
func TestActionsReferenceQuotesFailuresOfTheSources(t *testing.T) {
	all, _ := texts(t, "action", "charm", "drain", "worker", "addons", "host", "resource")
	said := strings.Join(all, "\n")
	var quoted []string
	for _, row := range rows(t, "reference/actions.md", "Action") {
		if len(row) != 4 {
			continue
		}
		message := strings.Trim(row[1], "`")
		quoted = append(quoted, message)
		for _, part := range words(message, placeholder) {
			if !strings.Contains(said, part) {
				t.Errorf("docs/reference/actions.md says that %s fails with %q; no source says %q", row[0], message, part)
			}
		}
	}
	reference := strings.Join(quoted, "\n")
	_, failures := texts(t, "action", "charm")
	for _, failure := range failures {
		_, left, has := strings.Cut(failure, "; ")
		if !has {
			continue
		}
		for _, part := range words(left, formatVerb) {
			if !strings.Contains(reference, part) {
				t.Errorf("docs/reference/actions.md lacks %q of the failure %q", part, failure)
			}
		}
	}
}
