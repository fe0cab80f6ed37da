package main

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
)

// kinds are the methods of a set that register a flag, without their endings Var, P and F.
var kinds = []string{"Bool", "BoolFunc", "BoolSlice", "BytesBase64", "BytesHex", "Count", "Duration", "DurationSlice", "Float32", "Float64", "Func", "IP",
	"IPMask", "IPNet", "IPSlice", "Int", "Int16", "Int32", "Int64", "Int8", "IntSlice", "String", "StringArray", "StringSlice", "StringToInt",
	"StringToString", "TextVar", "Uint", "Uint16", "Uint32", "Uint64", "Uint8", "UintSlice", ""}

// namePosition tells which argument of a registering method is the flag's name; -1 where the method registers nothing.
func namePosition(method string) int {
	base := strings.TrimSuffix(strings.TrimSuffix(method, "F"), "P")
	if name, isVar := strings.CutSuffix(base, "Var"); isVar && slices.Contains(kinds, name) {
		return 1
	}
	if base = strings.TrimSuffix(method, "P"); base != "" && slices.Contains(kinds, base) || method == "IP" {
		return 0
	}
	return -1
}

func (p *program) invoke(s *scope, call *ast.CallExpr) any {
	args := make([]any, len(call.Args))
	handed := false // a set or a gate goes along
	for i, a := range call.Args {
		args[i] = p.eval(s, a)
		switch args[i].(type) {
		case *flagSet, gate, *flagValue:
			handed = true
		}
	}
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return p.callName(s, fun.Name, args)
	case *ast.FuncLit:
		return p.call(&closure{literal: fun, scope: s}, args)
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok {
			if path := s.importPath(x.Name); path != "" {
				return p.callImported(path, fun.Sel.Name, args, handed)
			}
		}
		return p.callMethod(s, fun, args, handed)
	}
	return unknown{}
}

func (p *program) callName(s *scope, name string, args []any) any {
	if v, ok := s.lookup(name); ok {
		if c, ok := v.(*closure); ok {
			return p.call(c, args)
		}
		return unknown{}
	}
	switch name {
	case "panic":
		if p.guesses == 0 {
			p.fault("%s panics", p.where())
		}
		return unknown{}
	}
	if m := pick(s.pkg, name, ""); m != nil {
		return p.run(s.pkg, m, nil, args)
	}
	if len(args) == 1 { // a conversion
		return args[0]
	}
	return unknown{}
}

// pick finds a function, or the method of a type.
func pick(own *pkg, name, receiver string) *method {
	for _, m := range own.funcs[name] {
		if m.receiver == receiver {
			return m
		}
	}
	return nil
}

func (p *program) callImported(path, name string, args []any, handed bool) any {
	switch path {
	case "github.com/spf13/pflag":
		if name == "PFlagFromGoFlag" {
			if f, ok := args[0].(*flagValue); ok {
				return &flagValue{name: f.name, deprecated: f.deprecated}
			}
			return unknown{}
		}
		return p.onPackage(p.pflags, name, args)
	case "flag":
		return p.onPackage(p.goFlags, name, args)
	case "strings":
		return stringsCall(name, args)
	case "k8s.io/apimachinery/pkg/util/version":
		if name == "MustParse" {
			return args[0]
		}
	}
	own, err := p.tree.load(path)
	if err != nil {
		p.fault("%s: %v", path, err)
		return unknown{}
	}
	if own == nil {
		if handed && !harmless[name] {
			p.fault("%s.%s is handed a set and is not read", path, name)
		}
		return unknown{}
	}
	m := pick(own, name, "")
	if m == nil {
		if len(args) == 1 {
			return args[0]
		}
		return unknown{}
	}
	if !handed && !(strings.HasSuffix(path, "component-base/cli") && name == "Run") && !strings.HasPrefix(name, "InitFlags") {
		return unknown{}
	}
	return p.run(own, m, nil, args)
}

// harmless are functions that only look at a set, or check an error.
var harmless = map[string]bool{"Must": true, "PrintFlags": true, "Infof": true, "Fprintf": true, "Sprintf": true}

func stringsCall(name string, args []any) any {
	text := make([]string, len(args))
	for i, a := range args {
		if t, ok := a.(string); ok {
			text[i] = t
		} else if i < 3 {
			return unknown{}
		}
	}
	switch name {
	case "Replace", "ReplaceAll":
		return strings.ReplaceAll(text[0], text[1], text[2])
	case "HasPrefix":
		return strings.HasPrefix(text[0], text[1])
	case "ToLower":
		return strings.ToLower(text[0])
	}
	return unknown{}
}

// onPackage does what a function of package flag or pflag does to the set of the process.
func (p *program) onPackage(set *flagSet, name string, args []any) any {
	switch name {
	case "NewFlagSet":
		return newSet()
	case "Parse", "Parsed", "Args", "NArg", "Arg", "Usage", "PrintDefaults", "Set", "Visit", "UnquoteUsage":
		return unknown{}
	}
	return p.onSet(set, name, args)
}

// onSet does what a method does to a set.
func (p *program) onSet(set *flagSet, name string, args []any) any {
	switch name {
	case "Lookup", "ShorthandLookup":
		if word, ok := args[0].(string); ok {
			if f := set.flags[word]; f != nil {
				return f
			}
			return nil
		}
		return unknown{}
	case "AddFlag":
		if f, ok := args[0].(*flagValue); ok {
			set.flags[f.name] = f
			return unknown{}
		}
	case "AddFlagSet", "AddGoFlagSet":
		if from, ok := args[0].(*flagSet); ok {
			set.union(from)
			return unknown{}
		}
	case "VisitAll":
		if c, ok := args[0].(*closure); ok {
			for _, f := range set.sorted() {
				p.call(c, []any{f})
			}
			return unknown{}
		}
	case "MarkDeprecated":
		if word, ok := args[0].(string); ok {
			if f := set.flags[word]; f != nil { // else an error that is not looked at
				f.deprecated = true
			}
			return unknown{}
		}
	case "MarkHidden", "MarkShorthandDeprecated", "SetNormalizeFunc", "GetNormalizeFunc", "SetOutput", "SetInterspersed", "Init", "Parse", "Set",
		"Changed", "Args", "NArg", "GetBool", "FlagUsages", "FlagUsagesWrapped", "Visit", "SortFlags", "PrintDefaults", "HasFlags", "NFlag", "Usage",
		"Name", "Output", "Arg", "ErrorHandling", "Parsed", "Value":
		return unknown{}
	}
	position := namePosition(name)
	if position < 0 || position >= len(args) {
		p.fault("%s: the set's method %s is not understood", p.where(), name)
		return unknown{}
	}
	word, ok := args[position].(string)
	if !ok {
		p.fault("%s: the name of a flag given to %s is not known", p.where(), name)
		return unknown{}
	}
	f := set.add(word)
	for _, rest := range args[position+1:] {
		if usage, ok := rest.(string); ok && strings.HasPrefix(strings.ToUpper(usage), "DEPRECATED") {
			f.deprecated = true
		}
	}
	return f
}

func (p *program) where() string {
	if len(p.running) == 0 {
		return p.tree.version
	}
	return p.tree.version + ": " + p.running[len(p.running)-1]
}

func (p *program) callMethod(s *scope, fun *ast.SelectorExpr, args []any, handed bool) any {
	name := fun.Sel.Name
	switch name {
	case "Flags", "PersistentFlags", "LocalFlags":
		return p.command
	}
	receiver := p.eval(s, fun.X)
	switch r := receiver.(type) {
	case *flagSet:
		// A wrapper has its own methods, which do the same.
		return p.onSet(r, name, args)
	case gate:
		return p.onGate(name, args)
	case *flagValue:
		return unknown{}
	}
	if !handed {
		return unknown{}
	}
	own, m := p.method(s, name, typeName(fun.X))
	switch {
	case m != nil:
		return p.run(own, m, receiver, args)
	case !harmlessMethod[name]:
		p.fault("%s: method %s of %s is handed a set and is not found", p.where(), name, typeName(fun.X))
	}
	return unknown{}
}

var harmlessMethod = map[string]bool{"SetNormalizeFunc": true, "SetGlobalNormalizationFunc": true, "Infof": true, "Set": true, "Get": true, "Name": true,
	"Type": true, "String": true, "Info": true, "InfoS": true,
	// keeping the gate for others to read
	"Store": true, "Register": true}

// method finds the method of a value whose type is not known: by the name of the embedded field, which is that of its
// type, in this package or one it imports; else the only one of its name here.
func (p *program) method(s *scope, name, field string) (*pkg, *method) {
	if m := pick(s.pkg, name, field); m != nil {
		return s.pkg, m
	}
	for _, path := range slices.Sorted(maps.Values(s.pkg.names[s.file])) {
		if own, err := p.tree.load(path); err == nil && own != nil {
			if m := pick(own, name, field); m != nil && field != "" {
				return own, m
			}
		}
	}
	if all := s.pkg.funcs[name]; len(all) == 1 && all[0].receiver != "" {
		return s.pkg, all[0]
	}
	return nil, nil
}
