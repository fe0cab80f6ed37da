//go:build kube1.12

// Package fields knows the JSON names of a configuration's Go type. It never reads a file.
package fields

import (
	"encoding/json"
	"reflect"
	"strings"
)

// leaf is what types have that read their own JSON: they have no fields for people.
var leaf = reflect.TypeOf((*json.Unmarshaler)(nil)).Elem()

// Paths lists the paths of all fields of a struct type, nested ones with dots, in the order of declaration. A struct that
// a pointer leads to is nested too; lists and maps are not looked into.
func Paths(t reflect.Type) []string {
	var all []string
	for _, f := range Of(t) {
		all = append(all, f.Name)
		if nested := Struct(f.Type); nested != nil {
			for _, path := range Paths(nested) {
				all = append(all, f.Name+"."+path)
			}
		}
	}
	return all
}

// Field is one field as a file has it.
type Field struct {
	Name string
	Type reflect.Type
}

// Of lists the fields of a struct type, those of embedded ones among them.
func Of(t reflect.Type) []Field {
	var all []Field
	for i := 0; i < t.NumField(); i++ {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && strings.Contains(options, "inline"):
			all = append(all, Of(t.Field(i).Type)...)
		case name != "":
			all = append(all, Field{name, t.Field(i).Type})
		}
	}
	return all
}

// Struct gives the struct type whose fields a value of the type has in a file; nil where it has none.
func Struct(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Ptr {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PtrTo(t).Implements(leaf) {
		return nil
	}
	return t
}
