package contract_test

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryOptionHasAProof(t *testing.T) {
	checkProofs(t, "reference/options.md", sorted(read(t).Config().Options))
}

func TestEveryEndpointHasAProof(t *testing.T) {
	checkProofs(t, "reference/relations.md", sorted(read(t).Meta().CombinedRelations()))
}

func TestEveryActionHasAProof(t *testing.T) {
	checkProofs(t, "reference/actions.md", sorted(read(t).Actions().ActionSpecs))
}

// A cell of a table of proofs holds these, separated by semicolons: a link to a test, or to a script with the words of its
// checks in quotes behind it.
var proofLink = regexp.MustCompile(`^\[([^\]]+)\]\(([^)]+)\)(?: (".*"))?$`)

// testLink is a link to a test in the text around the table.
var testLink = regexp.MustCompile("\\[`([^`]+)`\\]\\(([^)]+_test\\.go)\\)")

// checkProofs compares the table of proofs in a document with what is to be proven, and each link with what it leads to.
func checkProofs(t *testing.T, document string, want []string) {
	t.Helper()
	var have []string
	for _, row := range rows(t, document, "Proof of") {
		have = append(have, row[0])
		if len(row) != 3 {
			t.Errorf("docs/%s: %s has %d cells, want 3", document, row[0], len(row))
			continue
		}
		for _, item := range strings.Split(row[1], "; ") {
			link := proofLink.FindStringSubmatch(item)
			if link == nil || !isTest(link[2]) || link[3] != "" {
				t.Errorf("docs/%s: %s: %q is no link to a test", document, row[0], item)
				continue
			}
			checkTest(t, document, link[1], link[2])
		}
		for _, item := range strings.Split(row[2], "; ") {
			link := proofLink.FindStringSubmatch(item)
			switch {
			case row[2] == "none":
			case link == nil, isTest(link[2]) != (link[3] == ""):
				t.Errorf("docs/%s: %s: %q is neither a link to a test nor one to a script with its checks, nor none", document, row[0], item)
			case isTest(link[2]):
				checkTest(t, document, link[1], link[2])
			default:
				checkScript(t, document, link[1], link[2], link[3])
			}
		}
	}
	slices.Sort(have)
	compare(t, "docs/"+document, have, want)
	content, err := os.ReadFile(filepath.Join(root, "docs", filepath.FromSlash(document)))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "|") {
			continue
		}
		for _, link := range testLink.FindAllStringSubmatch(line, -1) {
			checkTest(t, document, link[1], link[2])
		}
	}
}

func isTest(target string) bool { return strings.HasSuffix(target, "_test.go") }

// target gives the file that a link in a document leads to, empty where there is none in the repository.
func target(t *testing.T, document, link string) string {
	t.Helper()
	name := path.Join("docs", path.Dir(document), link)
	file := filepath.Join(root, filepath.FromSlash(name))
	if info, err := os.Stat(file); !filepath.IsLocal(name) || err != nil || !info.Mode().IsRegular() {
		t.Errorf("docs/%s: the link %s leads to no file", document, link)
		return ""
	}
	return file
}

// checkTest wants a test of this name in the file.
func checkTest(t *testing.T, document, name, link string) {
	t.Helper()
	file := target(t, document, link)
	if file == "" {
		return
	}
	for _, declaration := range parse(t, file).Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.Name == name && f.Recv == nil && runs(f) {
			return
		}
	}
	t.Errorf("docs/%s: %s has no test %s", document, link, name)
}

// runs reports whether a function takes what go test gives a test or a fuzz target.
func runs(f *ast.FuncDecl) bool {
	if len(f.Type.Params.List) != 1 {
		return false
	}
	pointer, ok := f.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	given, ok := pointer.X.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"T", "F"}, given.Sel.Name)
}

// checkScript wants checks with these words, in quotes and separated by commas, in the script of this name.
func checkScript(t *testing.T, document, name, link, quoted string) {
	t.Helper()
	file := target(t, document, link)
	if file == "" {
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if path.Base(link) != name {
		t.Errorf("docs/%s: %s is called %s", document, link, name)
	}
	for _, words := range strings.Split(strings.Trim(quoted, `"`), `", "`) {
		if !strings.Contains(string(content), `check "`+words+`" `) {
			t.Errorf("docs/%s: %s has no check %q", document, link, words)
		}
	}
}
