package main

import (
	"fmt"
	"go/ast"
	"reflect"
	"strconv"
	"strings"
)

// field is a path into KubeletConfiguration with the kind of value that it takes.
type field struct{ path, kind string }

// configuration reads the fields of KubeletConfiguration v1beta1: of nested structures each, of lists what an element is,
// with [] behind the list's path, and of mappings with free keys what a value is, with {} behind.
func configuration(t *tree) ([]field, error) {
	for _, path := range []string{"k8s.io/kubelet/config/v1beta1", "k8s.io/kubernetes/pkg/kubelet/apis/config/v1beta1"} {
		own, err := t.load(path)
		if err != nil {
			return nil, err
		}
		if own == nil || own.types["KubeletConfiguration"] == nil {
			continue
		}
		f := fields{tree: t}
		f.structure(own, "KubeletConfiguration", "", 0)
		if len(f.faults) > 0 {
			return nil, fmt.Errorf("cannot read KubeletConfiguration of %s: %s", t.version, strings.Join(f.faults, "; "))
		}
		return f.all, nil
	}
	return nil, fmt.Errorf("cannot find KubeletConfiguration in %s", t.version)
}

type fields struct {
	tree   *tree
	all    []field
	faults []string
}

func (f *fields) structure(own *pkg, name, prefix string, depth int) {
	spec := own.types[name]
	structure, ok := spec.Type.(*ast.StructType)
	if !ok || depth > 8 {
		f.faults = append(f.faults, name+" is not understood")
		return
	}
	for _, member := range structure.Fields.List {
		var tag string
		if member.Tag != nil {
			text, _ := strconv.Unquote(member.Tag.Value)
			tag = reflect.StructTag(text).Get("json")
		}
		json, options, _ := strings.Cut(tag, ",")
		switch {
		case json == "-":
		case json == "" && (strings.Contains(options, "inline") || len(member.Names) == 0):
			f.member(own, own.of[spec], member.Type, strings.TrimSuffix(prefix, "."), depth)
		case json == "":
			f.faults = append(f.faults, name+" has a field without a name")
		default:
			f.member(own, own.of[spec], member.Type, prefix+json, depth)
		}
	}
}

// member notes a field of some type. An inlined one has its owner's path.
func (f *fields) member(own *pkg, file *ast.File, e ast.Expr, path string, depth int) {
	add := func(kind string) {
		f.all = append(f.all, field{path, kind})
	}
	switch e := e.(type) {
	case *ast.StarExpr:
		f.member(own, file, e.X, path, depth)
	case *ast.MapType:
		add("Map")
		f.member(own, file, e.Value, path+"{}", depth)
	case *ast.ArrayType:
		if typeName(e.Elt) == "byte" {
			add("Text")
			return
		}
		add("List")
		f.member(own, file, e.Elt, path+"[]", depth)
	case *ast.Ident:
		if kind, basic := basicKinds[e.Name]; basic {
			add(kind)
			return
		}
		f.named(own, e.Name, path, depth)
	case *ast.SelectorExpr:
		x, _ := e.X.(*ast.Ident)
		imported := own.names[file][x.Name]
		if kind, known := foreignKinds[imported+"."+e.Sel.Name]; known {
			switch kind {
			case "":
				f.all = append(f.all, field{path: "apiVersion", kind: "Text"}, field{path: "kind", kind: "Text"})
			case "Map":
				f.all = append(f.all, field{path, kind}, field{path + "{}", "Any"})
			default:
				add(kind)
			}
			return
		}
		other, err := f.tree.load(imported)
		if err != nil || other == nil {
			f.faults = append(f.faults, fmt.Sprintf("%s: %s.%s is not read: %v", path, imported, e.Sel.Name, err))
			return
		}
		f.named(other, e.Sel.Name, path, depth)
	default:
		f.faults = append(f.faults, path+" has a type that is not understood")
	}
}

func (f *fields) named(own *pkg, name, path string, depth int) {
	spec := own.types[name]
	if spec == nil {
		f.faults = append(f.faults, path+": no type "+name)
		return
	}
	if pick(own, "UnmarshalJSON", name) != nil {
		f.all = append(f.all, field{path, "Any"}) // it reads itself
		return
	}
	if _, ok := spec.Type.(*ast.StructType); ok {
		if path != "" {
			f.all = append(f.all, field{path, "Mapping"})
			path += "."
		}
		f.structure(own, name, path, depth+1)
		return
	}
	f.member(own, own.of[spec], spec.Type, path, depth)
}

var basicKinds = map[string]string{"bool": "Bool", "string": "Text", "int": "Whole", "int32": "Whole", "int64": "Whole", "uint": "Whole", "uint32": "Whole",
	"uint64": "Whole", "uint16": "Whole", "uint8": "Whole", "float32": "Number", "float64": "Number", "any": "Any"}

// foreignKinds are types that read themselves. The empty kind is the pair apiVersion and kind.
var foreignKinds = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.TypeMeta": "",
	"time.Duration": "Whole",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":        "Text",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":            "Text",
	"k8s.io/apimachinery/pkg/api/resource.Quantity":        "Any",
	"k8s.io/apimachinery/pkg/api/resource.QuantityValue":   "Any",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":      "Any",
	"k8s.io/api/core/v1.ResourceList":                      "Map",
	"k8s.io/component-base/logs/api/v1.TimeOrMetaDuration": "Any",
}
