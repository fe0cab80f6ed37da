package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// program follows how one of Kubernetes' programs fills its sets of flags and its feature gate: it runs the functions
// that are handed such a set, statement by statement, and of everything else only what it must to know names. A branch
// whose condition it cannot tell is taken, as well as its alternative.
type program struct {
	tree    *tree
	pflags  *flagSet          // pflag.CommandLine
	goFlags *flagSet          // flag.CommandLine
	command *flagSet          // the flags of the command itself
	gates   map[string]string // by name, the only setting that the release takes: OnlyTrue, OnlyFalse; empty where it takes both

	initialised map[string]bool // packages
	faults      []string        // what could not be followed though a set was involved
	running     []string        // functions being run
	guesses     int             // branches being run of which it is not known whether they would be
}

type flagSet struct{ flags map[string]*flagValue }

type flagValue struct {
	name       string
	deprecated bool
}

// gate stands for the process-wide feature gate, or something that passes on to it.
type gate struct{}

// closure is a function literal with what it can see.
type closure struct {
	literal *ast.FuncLit
	scope   *scope
}

// list is a composite literal whose elements matter: names, a mapping by name, or a struct by its fields.
type list struct {
	items  []any
	by     map[string]any
	fields map[string]any
}

type scope struct {
	pkg    *pkg
	file   *ast.File
	outer  *scope
	values map[string]any
	defers []*closure
}

// unknown is the value of everything that is of no interest.
type unknown struct{}

// errReturn ends a function in which a return was reached for certain.
var errReturn = errors.New("return")

func newSet() *flagSet { return &flagSet{flags: map[string]*flagValue{}} }

func newProgram(t *tree) *program {
	return &program{tree: t, pflags: newSet(), goFlags: newSet(), command: newSet(), gates: map[string]string{}, initialised: map[string]bool{}}
}

func (s *flagSet) add(name string) *flagValue {
	if old := s.flags[name]; old != nil {
		return old
	}
	f := &flagValue{name: name}
	s.flags[name] = f
	return f
}

func (s *flagSet) union(o *flagSet) {
	for _, f := range o.flags {
		if s.flags[f.name] == nil {
			s.flags[f.name] = f
		}
	}
}

func (s *flagSet) sorted() []*flagValue {
	return slices.SortedFunc(maps.Values(s.flags), func(a, b *flagValue) int { return strings.Compare(a.name, b.name) })
}

func (p *program) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// initialise runs package variables and init functions of a package after those of all that it imports.
func (p *program) initialise(path string) error {
	if p.initialised[path] {
		return nil
	}
	p.initialised[path] = true
	imports, err := p.tree.imports(path)
	if err != nil {
		return err
	}
	for _, imported := range imports {
		if err := p.initialise(imported); err != nil {
			return err
		}
	}
	if !registers(imports) {
		return nil
	}
	own, err := p.tree.load(path)
	if err != nil || own == nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(own.vars)) {
		s := &scope{pkg: own, file: own.of[own.vars[name]], values: map[string]any{}}
		switch value := own.vars[name].(type) {
		case *ast.CallExpr, *ast.UnaryExpr:
			if v := p.eval(s, value); v != (unknown{}) {
				own.values[name] = v
			}
		case *ast.CompositeLit:
			if typeName(value.Type) == "FlagSet" {
				own.values[name] = newSet()
			}
		}
	}
	for _, m := range own.funcs["init"] {
		p.run(own, m, nil, nil)
	}
	return nil
}

// registers reports whether a package with these imports can register flags or features.
func registers(imports []string) bool {
	return slices.ContainsFunc(imports, func(path string) bool {
		return path == "flag" || strings.HasSuffix(path, "/pflag") || strings.Contains(path, "feature")
	})
}

// run executes a function with what it is handed.
func (p *program) run(own *pkg, m *method, receiver any, args []any) any {
	id := own.path + "." + m.receiver + "." + m.decl.Name.Name
	if m.decl.Body == nil || len(p.running) > 40 || m.decl.Name.Name != "init" && slices.Contains(p.running, id) {
		return unknown{}
	}
	p.running = append(p.running, id)
	defer func() { p.running = p.running[:len(p.running)-1] }()
	s := &scope{pkg: own, file: m.file, values: map[string]any{}}
	if m.decl.Recv != nil && len(m.decl.Recv.List[0].Names) > 0 && receiver != nil {
		s.values[m.decl.Recv.List[0].Names[0].Name] = receiver
	}
	s.bind(m.decl.Type.Params, args)
	return p.body(s, m.decl.Body)
}

func (s *scope) bind(params *ast.FieldList, args []any) {
	i := 0
	for _, field := range params.List {
		for _, name := range field.Names {
			if s.values[name.Name] = any(unknown{}); i < len(args) {
				s.values[name.Name] = args[i]
			}
			i++
		}
	}
}

func (p *program) body(s *scope, block *ast.BlockStmt) any {
	result, _ := p.block(s, block.List)
	for i := len(s.defers) - 1; i >= 0; i-- {
		p.call(s.defers[i], nil)
	}
	return result
}

func (p *program) call(c *closure, args []any) any {
	s := &scope{pkg: c.scope.pkg, file: c.scope.file, outer: c.scope, values: map[string]any{}}
	s.bind(c.literal.Type.Params, args)
	return p.body(s, c.literal.Body)
}

func (s *scope) lookup(name string) (any, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.values[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (s *scope) inner() *scope {
	return &scope{pkg: s.pkg, file: s.file, outer: s, values: map[string]any{}}
}

// function is the scope of the function that s lies in, to which its deferred calls belong.
func (s *scope) function() *scope {
	for s.outer != nil && s.defers == nil && s.outer.pkg == s.pkg {
		s = s.outer
	}
	return s
}

func (p *program) block(s *scope, statements []ast.Stmt) (any, error) {
	for _, statement := range statements {
		if v, err := p.statement(s, statement); err != nil {
			return v, err
		}
	}
	return unknown{}, nil
}

func (p *program) statement(s *scope, statement ast.Stmt) (any, error) {
	switch st := statement.(type) {
	case *ast.ExprStmt:
		p.eval(s, st.X)
	case *ast.AssignStmt:
		p.assign(s, st)
	case *ast.DeclStmt:
		p.declaration(s, st.Decl)
	case *ast.BlockStmt:
		return p.block(s.inner(), st.List)
	case *ast.LabeledStmt:
		return p.statement(s, st.Stmt)
	case *ast.IfStmt:
		return p.ifStatement(s, st)
	case *ast.SwitchStmt:
		return p.switchStatement(s, st)
	case *ast.RangeStmt:
		return p.rangeStatement(s, st)
	case *ast.ForStmt:
		_, _ = p.block(s.inner(), st.Body.List)
	case *ast.DeferStmt:
		if c, ok := p.eval(s, st.Call.Fun).(*closure); ok {
			f := s.function()
			f.defers = append(f.defers, c)
		}
	case *ast.ReturnStmt:
		var result any = unknown{}
		for i, e := range st.Results {
			if v := p.eval(s, e); i == 0 {
				result = v
			}
		}
		return result, errReturn
	}
	return unknown{}, nil
}

func (p *program) ifStatement(s *scope, st *ast.IfStmt) (any, error) {
	s = s.inner()
	if st.Init != nil {
		_, _ = p.statement(s, st.Init)
	}
	switch p.eval(s, st.Cond) {
	case true:
		return p.block(s, st.Body.List)
	case false:
		if st.Else != nil {
			return p.statement(s, st.Else)
		}
		return unknown{}, nil
	}
	p.guesses++
	defer func() { p.guesses-- }()
	_, _ = p.block(s.inner(), st.Body.List)
	if st.Else != nil {
		_, _ = p.statement(s, st.Else)
	}
	return unknown{}, nil
}

func (p *program) switchStatement(s *scope, st *ast.SwitchStmt) (any, error) {
	s = s.inner()
	var tag any = unknown{}
	if st.Tag != nil {
		tag = p.eval(s, st.Tag)
	}
	word, certain := tag.(string)
	var chosen *ast.CaseClause
	if !certain {
		p.guesses++
		defer func() { p.guesses-- }()
	}
	for _, c := range st.Body.List {
		clause := c.(*ast.CaseClause)
		if !certain {
			_, _ = p.block(s.inner(), clause.Body)
			continue
		}
		if clause.List == nil && chosen == nil {
			chosen = clause
		}
		for _, e := range clause.List {
			if p.eval(s, e) == word {
				chosen = clause
			}
		}
	}
	if chosen != nil {
		return p.block(s.inner(), chosen.Body)
	}
	return unknown{}, nil
}

func (p *program) rangeStatement(s *scope, st *ast.RangeStmt) (any, error) {
	over, ok := p.eval(s, st.X).(*list)
	if !ok {
		p.guesses++
		defer func() { p.guesses-- }()
		_, _ = p.block(s.inner(), st.Body.List)
		return unknown{}, nil
	}
	each := func(key, value any) {
		inner := s.inner()
		if name, ok := st.Key.(*ast.Ident); ok {
			inner.values[name.Name] = key
		}
		if name, ok := st.Value.(*ast.Ident); ok {
			inner.values[name.Name] = value
		}
		_, _ = p.block(inner, st.Body.List)
	}
	for _, item := range over.items {
		each(unknown{}, item)
	}
	for _, key := range slices.Sorted(maps.Keys(over.by)) {
		each(key, over.by[key])
	}
	return unknown{}, nil
}

func (p *program) declaration(s *scope, d ast.Decl) {
	general, ok := d.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, spec := range general.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			switch {
			case i < len(v.Values):
				s.values[name.Name] = p.eval(s, v.Values[i])
			case typeName(v.Type) == "FlagSet":
				s.values[name.Name] = newSet()
			default:
				s.values[name.Name] = unknown{}
			}
		}
	}
}

func (p *program) assign(s *scope, st *ast.AssignStmt) {
	for i, left := range st.Lhs {
		var value any = unknown{}
		if i < len(st.Rhs) {
			value = p.eval(s, st.Rhs[i])
		}
		switch left := left.(type) {
		case *ast.Ident:
			target := s
			if st.Tok != token.DEFINE {
				for o := s; o != nil; o = o.outer {
					if _, ok := o.values[left.Name]; ok {
						target = o
						break
					}
				}
			}
			if st.Tok == token.ADD_ASSIGN {
				value = unknown{}
			}
			target.values[left.Name] = value
		case *ast.SelectorExpr:
			f, ok := p.eval(s, left.X).(*flagValue)
			if !ok {
				continue
			}
			switch left.Sel.Name {
			case "Name":
				if name, ok := value.(string); ok {
					f.name = name
				}
			case "Deprecated":
				f.deprecated = value != ""
			}
		}
	}
}
