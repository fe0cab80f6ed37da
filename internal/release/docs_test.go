package release

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kubeversion"
)

var update = flag.Bool("update", false, "write the made parts of docs/versions.md")

func TestTheDocumentSaysWhatTheTableSays(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "versions.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(content)
	for _, part := range []struct {
		name string
		text string
	}{{"behaviour", behaviour()}, {"ended", ended()}, {"proof", proof(t)}} {
		begin, end := "<!-- "+part.name+", made by make versions-docs: begin -->\n", "<!-- "+part.name+": end -->"
		before, rest, opened := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !opened || !closed {
			t.Fatalf("%s lacks the lines that enclose %s", path, part.name)
		}
		want = before + begin + part.text + end + after
	}
	if want == string(content) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the table; run make versions-docs", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// behaviour is a table of runs of releases for which the charm does the same.
func behaviour() string {
	var lines []string
	first := Oldest
	for n := Oldest; n <= Newest; n++ {
		if n == Newest || cells(n+1) != cells(n) {
			lines = append(lines, "| "+span(first, n)+" "+cells(n))
			first = n + 1
		}
	}
	return "| Kubernetes | container runtime | containerd's socket | arguments of the snaps | control groups |\n|---|---|---|---|---|\n" + strings.Join(lines, "")
}

func cells(n int) string {
	v := minor(n)
	choose := func(f Feature, with, without string) string {
		if Has(v, f) {
			return with
		}
		return without
	}
	groups := "v1 and v2"
	switch {
	case !RunsOn(v, 2):
		groups = "v1"
	case !RunsOn(v, 1):
		groups = "v2; v1 only with `failCgroupV1: false`"
	}
	engine, socket := choose(Dockershim, "docker", "containerd"), choose(EndpointFlag, "an argument", "a field of the file")
	switch {
	case Has(v, Dockershim) && Has(v, RelatedRuntime):
		engine = "docker, or containerd of the relation `container-runtime`"
	case Has(v, Dockershim):
		socket = ""
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", engine, socket, choose(PerKeyArguments, "one option each", "one text"), groups)
}

func span(first, last int) string {
	if first == last {
		return fmt.Sprintf("1.%d", first)
	}
	return fmt.Sprintf("1.%d – 1.%d", first, last)
}

// ended lists the names that each release no longer has.
func ended() string {
	var b strings.Builder
	b.WriteString("| Kubernetes | arguments of the kubelet | arguments of kube-proxy | fields of the configuration |\n|---|---|---|---|\n")
	for n := Oldest + 1; n <= Newest; n++ {
		columns := []string{lost(kubeletFlags[:], n), lost(proxyFlags[:], n), lost(kubeletFields[:], n)}
		if strings.Join(columns, "") != "" {
			fmt.Fprintf(&b, "| 1.%d | %s |\n", n, strings.Join(columns, " | "))
		}
	}
	return b.String()
}

func lost(table []row, n int) string {
	var all []string
	for _, name := range names(table, n-1) {
		if !find(table, minor(n), name).Exists {
			all = append(all, "`"+name+"`")
		}
	}
	return strings.Join(all, " ")
}

// proof is a table of what each release's column rests on. Which releases have programs says test/versions/releases.
func proof(t *testing.T) string {
	content, err := os.ReadFile(filepath.Join("..", "..", "test", "versions", "releases"))
	if err != nil {
		t.Fatal(err)
	}
	parsers := map[int]string{}
	for _, word := range strings.Fields(string(content)) {
		v, err := kubeversion.Parse(word)
		if err != nil {
			t.Fatal(err)
		}
		parsers[v.Minor] = v.String()
	}
	var b strings.Builder
	b.WriteString("| Kubernetes | read from the sources of | proven by the parsers of |\n|---|---|---|\n")
	for n := Oldest; n <= Newest; n++ {
		fmt.Fprintf(&b, "| 1.%d | %s | %s |\n", n, Source(n), parsers[n])
	}
	return b.String()
}

// The newest release must be among those with parsers, and so must the oldest: the table's ends are proven.
func TestTheEndsOfTheTableAreProven(t *testing.T) {
	text := proof(t)
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return !strings.HasPrefix(line, "| 1.") })
	for _, line := range []string{lines[0], lines[len(lines)-1]} {
		if strings.HasSuffix(line, "|  |") {
			t.Errorf("nothing proves %s", line)
		}
	}
}
