package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tree finds the packages of one release of Kubernetes: its own, those it publishes beside it, and the few of others that
// register flags. All of them lie in a module cache of their own, which remove deletes.
type tree struct {
	version  string            // 1.28.15
	minor    int               // 28
	root     string            // where k8s.io/kubernetes lies
	cache    string            // module cache of this release
	pins     map[string]string // version of each module that go.mod or Godeps.json names
	dirs     map[string]string // module and version to folder; empty where it cannot be had
	notes    []string          // what was not read in the release's own version
	packages map[string]*pkg   // by import path; nil where not ours to read
	fset     *token.FileSet
}

// outsiders are the modules of others whose flags reach the kubelet or kube-proxy.
var outsiders = []string{"k8s.io/klog/v2", "k8s.io/klog", "github.com/golang/glog", "github.com/google/cadvisor"}

// pseudo are the versions under which module proxies keep the commits that Godeps.json names without a tag.
var pseudo = map[string]string{
	"44145f04b68cf362d9c4df2182967c2275eaefed": "v0.0.0-20141105023935-44145f04b68c", // glog of 1.12
	"8139d8cb77af419532b33dfa7dd09fbc5f1d344f": "v0.0.0-20181108234604-8139d8cb77af", // klog of 1.13
	"8e90cee79f823779174776412c13478955131846": "v0.0.0-20190306015804-8e90cee79f82", // klog of 1.14
}

func newTree(version, cache string) (*tree, error) {
	t := &tree{version: version, cache: cache, pins: map[string]string{}, dirs: map[string]string{}, packages: map[string]*pkg{}, fset: token.NewFileSet()}
	var err error
	if t.minor, err = strconv.Atoi(strings.Split(version, ".")[1]); err != nil {
		return nil, fmt.Errorf("cannot read version %s: %w", version, err)
	}
	if t.root, err = t.download("k8s.io/kubernetes", "v"+version); err != nil {
		return nil, err
	}
	return t, t.readPins()
}

// remove deletes what was downloaded, which the go command made read-only.
func (t *tree) remove() error {
	err := filepath.WalkDir(t.cache, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", t.cache, err)
	}
	return os.RemoveAll(t.cache)
}

func (t *tree) download(module, version string) (string, error) {
	if dir, known := t.dirs[module+"@"+version]; known {
		return dir, nil
	}
	var out []byte
	var err error
	for try := range 2 {
		command := exec.Command("go", "mod", "download", "-json", module+"@"+version)
		command.Dir = os.TempDir()
		command.Env = append(os.Environ(), "GOMODCACHE="+t.cache, "GOWORK=off", "GOFLAGS=")
		if out, err = command.Output(); err == nil {
			break
		}
		time.Sleep(time.Duration(try) * time.Second)
	}
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); jsonErr != nil || answer.Dir == "" {
		return "", fmt.Errorf("cannot download %s@%s: %v %s", module, version, err, answer.Error)
	}
	t.dirs[module+"@"+version] = answer.Dir
	return answer.Dir, nil
}

var (
	requirement = regexp.MustCompile(`^(?:require )?\s*([a-z0-9./-]+) (v\S+)`)
	replacement = regexp.MustCompile(`^(?:replace )?\s*([a-z0-9./-]+)(?: v\S+)? => ([a-z0-9./-]+) (v\S+)`)
	describe    = regexp.MustCompile(`-\d+-g[0-9a-f]+$`)
)

// readPins notes the versions of the outsiders: from go.mod where the release has one, else from Godeps.json.
func (t *tree) readPins() error {
	godeps, err := os.ReadFile(filepath.Join(t.root, "Godeps", "Godeps.json"))
	if err == nil {
		var list struct {
			Deps []struct{ ImportPath, Comment, Rev string }
		}
		if err := json.Unmarshal(godeps, &list); err != nil {
			return fmt.Errorf("cannot read Godeps.json of %s: %w", t.version, err)
		}
		for _, d := range list.Deps {
			for _, module := range outsiders {
				if d.ImportPath != module && !strings.HasPrefix(d.ImportPath, module+"/") {
					continue
				}
				if t.pins[module] = d.Rev; pseudo[d.Rev] != "" {
					t.pins[module] = pseudo[d.Rev]
				} else if d.Comment != "" && !describe.MatchString(d.Comment) {
					t.pins[module] = d.Comment
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(t.root, "go.mod"))
	if err != nil {
		return nil // older than modules
	}
	for line := range strings.Lines(string(text)) {
		if m := replacement.FindStringSubmatch(line); m != nil {
			t.pins[m[1]] = m[3]
		} else if m := requirement.FindStringSubmatch(line); m != nil && t.pins[m[1]] == "" {
			t.pins[m[1]] = m[2]
		}
	}
	return nil
}

// folder finds where a package lies; empty where it is none of those to read.
func (t *tree) folder(path string) (string, error) {
	if rest, own := strings.CutPrefix(path, "k8s.io/kubernetes/"); own {
		return filepath.Join(t.root, rest), nil
	}
	for _, module := range outsiders {
		if path == module || strings.HasPrefix(path, module+"/") {
			pin := t.pins[module]
			if pin == "" {
				return "", nil
			}
			dir, err := t.download(module, pin)
			return filepath.Join(dir, strings.TrimPrefix(path, module)), err
		}
	}
	rest, ours := strings.CutPrefix(path, "k8s.io/")
	if !ours {
		return "", nil
	}
	name, below, _ := strings.Cut(rest, "/")
	if name == "utils" || name == "kube-openapi" || name == "gengo" || name == "heapster" || name == "system-validators" {
		return "", nil // modules with a life of their own, which register nothing
	}
	staging := filepath.Join(t.root, "staging", "src", "k8s.io", name)
	if files, err := os.ReadDir(staging); err == nil && len(files) > 0 {
		return filepath.Join(staging, below), nil
	}
	if files, err := os.ReadDir(filepath.Join(t.root, "staging", "src", "k8s.io", "apimachinery")); err == nil && len(files) > 0 {
		return "", nil // a release that has all of them inside
	}
	dir, err := t.published(name)
	if dir == "" || err != nil {
		return "", err
	}
	return filepath.Join(dir, below), nil
}

// published downloads what the release publishes beside itself, in its own patch version or, where no proxy has that,
// in the closest one before. What exists in none of them is left out, and noted.
func (t *tree) published(name string) (string, error) {
	if dir, known := t.dirs[name]; known {
		return dir, nil
	}
	parts := strings.Split(t.version, ".")
	patch, err := strconv.Atoi(parts[2])
	if err != nil {
		return "", err
	}
	for try := patch; try >= 0 && try > patch-6; try-- {
		dir, err := t.download("k8s.io/"+name, fmt.Sprintf("v0.%s.%d", parts[1], try))
		if err != nil {
			continue
		}
		if try != patch {
			t.notes = append(t.notes, fmt.Sprintf("k8s.io/%s v0.%s.%d", name, parts[1], try))
		}
		t.dirs[name] = dir
		return dir, nil
	}
	t.notes = append(t.notes, "without k8s.io/"+name)
	t.dirs[name] = ""
	return "", nil
}

// pkg is one package as far as it was read.
type pkg struct {
	path   string
	dir    string
	files  []*ast.File
	consts map[string]ast.Expr
	vars   map[string]ast.Expr
	funcs  map[string][]*method // by name
	types  map[string]*ast.TypeSpec
	names  map[*ast.File]map[string]string // import names of a file
	of     map[ast.Node]*ast.File          // which file a declaration is in
	values map[string]any                  // package variables that hold something of interest
}

type method struct {
	receiver string // type name; empty for a function
	decl     *ast.FuncDecl
	file     *ast.File
}

// load parses a package for linux on amd64. It gives nil for packages that are not read.
func (t *tree) load(path string) (*pkg, error) {
	if p, known := t.packages[path]; known {
		return p, nil
	}
	dir, err := t.folder(path)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if dir == "" || err != nil {
		t.packages[path] = nil
		return nil, nil
	}
	p := &pkg{path: path, dir: dir, consts: map[string]ast.Expr{}, vars: map[string]ast.Expr{}, funcs: map[string][]*method{},
		types: map[string]*ast.TypeSpec{}, names: map[*ast.File]map[string]string{}, of: map[ast.Node]*ast.File{}, values: map[string]any{}}
	for _, name := range sources(dir, entries) {
		file, err := parser.ParseFile(t.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		p.add(file)
	}
	t.packages[path] = p
	return p, nil
}

// sources are the files that are compiled for linux on amd64.
func sources(dir string, entries []os.DirEntry) []string {
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "linux", "amd64", true
	var names []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if strings.HasPrefix(name, "zz_generated") {
			continue // copies and conversions, which register nothing
		}
		if match, err := context.MatchFile(dir, name); err == nil && match {
			names = append(names, name)
		}
	}
	return names
}

// imports lists what a package imports, sorted, without reading the rest of it.
func (t *tree) imports(path string) ([]string, error) {
	dir, err := t.folder(path)
	if err != nil || dir == "" {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil // a package that only other platforms have
	}
	var all []string
	for _, name := range sources(dir, entries) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.ImportsOnly)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			all = append(all, imported)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (p *pkg) add(file *ast.File) {
	p.files = append(p.files, file)
	names := map[string]string{}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if spec.Name != nil {
			names[spec.Name.Name] = path
			continue
		}
		last := path[strings.LastIndex(path, "/")+1:]
		if regexp.MustCompile(`^v\d+$`).MatchString(last) && strings.Count(path, "/") == 2 {
			last = strings.Split(path, "/")[1] // k8s.io/klog/v2 is called klog
		}
		names[strings.ReplaceAll(last, "-", "_")] = path
	}
	p.names[file] = names
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			m := &method{decl: d, file: file}
			if d.Recv != nil && len(d.Recv.List) > 0 {
				m.receiver = typeName(d.Recv.List[0].Type)
			}
			p.funcs[d.Name.Name] = append(p.funcs[d.Name.Name], m)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				p.declare(d.Tok, s, file)
			}
		}
	}
}

func (p *pkg) declare(tok token.Token, s ast.Spec, file *ast.File) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		p.types[s.Name.Name], p.of[s] = s, file
	case *ast.ValueSpec:
		for i, name := range s.Names {
			var value ast.Expr
			if i < len(s.Values) {
				value = s.Values[i]
			} else if s.Type != nil && len(s.Values) == 0 {
				value = &ast.CompositeLit{Type: s.Type} // its zero value
			}
			if value == nil {
				continue
			}
			p.of[value] = file
			if tok == token.CONST {
				p.consts[name.Name] = value
			} else {
				p.vars[name.Name] = value
			}
		}
	}
}

// typeName is the bare name of a type expression: *x.Name[T] gives Name.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return typeName(e.X)
	}
	return ""
}
