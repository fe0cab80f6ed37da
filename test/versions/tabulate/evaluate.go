package main

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// eval gives a value and does what its calls do.
func (p *program) eval(s *scope, e ast.Expr) any {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value)
			return text
		}
	case *ast.Ident:
		return p.identifier(s, e.Name)
	case *ast.ParenExpr:
		return p.eval(s, e.X)
	case *ast.StarExpr:
		return p.eval(s, e.X)
	case *ast.UnaryExpr:
		v := p.eval(s, e.X)
		if truth, ok := v.(bool); ok && e.Op == token.NOT {
			return !truth
		}
		return v
	case *ast.BinaryExpr:
		return p.binary(s, e)
	case *ast.SelectorExpr:
		return p.selector(s, e)
	case *ast.FuncLit:
		return &closure{literal: e, scope: s}
	case *ast.CompositeLit:
		return p.composite(s, e)
	case *ast.IndexExpr:
		if l, ok := p.eval(s, e.X).(*list); ok {
			if name, ok := p.eval(s, e.Index).(string); ok {
				if v, found := l.by[name]; found {
					return v
				}
				return false
			}
		}
	case *ast.CallExpr:
		return p.invoke(s, e)
	case *ast.TypeAssertExpr:
		return p.eval(s, e.X)
	}
	return unknown{}
}

func (p *program) identifier(s *scope, name string) any {
	if v, ok := s.lookup(name); ok {
		return v
	}
	switch name {
	case "true", "false":
		return name == "true"
	case "nil":
		return nil
	}
	return p.global(s.pkg, name)
}

// global is the value of a package's constant or variable.
func (p *program) global(own *pkg, name string) any {
	if own == nil {
		return unknown{}
	}
	if _, ok := own.vars[name]; ok && strings.HasSuffix(name, "FeatureGate") {
		return gate{}
	}
	if v, ok := own.values[name]; ok {
		return v
	}
	e, ok := own.consts[name]
	if !ok {
		if e, ok = own.vars[name]; !ok {
			return unknown{}
		}
		if _, literal := e.(*ast.CompositeLit); !literal {
			if _, literal := e.(*ast.BasicLit); !literal {
				return unknown{}
			}
		}
	}
	own.values[name] = unknown{} // whoever asks again while this is worked out
	own.values[name] = p.eval(&scope{pkg: own, file: own.of[e], values: map[string]any{}}, e)
	return own.values[name]
}

func (p *program) binary(s *scope, e *ast.BinaryExpr) any {
	left, right := p.eval(s, e.X), p.eval(s, e.Y)
	if left == (unknown{}) || right == (unknown{}) {
		return unknown{}
	}
	switch e.Op {
	case token.ADD:
		l, lok := left.(string)
		r, rok := right.(string)
		if lok && rok {
			return l + r
		}
	case token.EQL:
		return same(left, right)
	case token.NEQ:
		return !same(left, right)
	}
	return unknown{}
}

func same(a, b any) bool {
	switch a.(type) {
	case string, bool, nil, *flagSet, *flagValue:
		return a == b
	}
	return false
}

func (p *program) composite(s *scope, e *ast.CompositeLit) any {
	if typeName(e.Type) == "FlagSet" {
		return newSet()
	}
	l := &list{by: map[string]any{}, fields: map[string]any{}}
	for _, element := range e.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			v := p.eval(s, element)
			switch v := v.(type) {
			case *flagSet, gate:
				return v // something that wraps it
			}
			l.items = append(l.items, v)
			continue
		}
		v := p.eval(s, pair.Value)
		switch v := v.(type) {
		case *flagSet, gate:
			return v
		}
		if key, ok := p.eval(s, pair.Key).(string); ok {
			l.by[key] = v
		} else if field, ok := pair.Key.(*ast.Ident); ok {
			l.fields[field.Name] = v
		}
	}
	return l
}

// importPath resolves the name of an import.
func (s *scope) importPath(name string) string {
	if _, shadowed := s.lookup(name); shadowed {
		return ""
	}
	return s.pkg.names[s.file][name]
}

func (p *program) selector(s *scope, e *ast.SelectorExpr) any {
	if x, ok := e.X.(*ast.Ident); ok {
		switch path := s.importPath(x.Name); {
		case path == "github.com/spf13/pflag" && e.Sel.Name == "CommandLine":
			return p.pflags
		case path == "flag" && e.Sel.Name == "CommandLine":
			return p.goFlags
		case path != "":
			own, err := p.tree.load(path)
			if err != nil {
				p.fault("%s: %v", path, err)
			}
			return p.global(own, e.Sel.Name)
		}
	}
	switch v := p.eval(s, e.X).(type) {
	case *flagValue:
		switch e.Sel.Name {
		case "Name":
			return v.name
		case "Deprecated":
			if v.deprecated {
				return "deprecated"
			}
			return ""
		}
	case gate:
		return v // the gate inside something that wraps it
	case *flagSet:
		return v
	}
	return unknown{}
}
