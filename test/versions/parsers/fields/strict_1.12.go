//go:build kube1.12 && !kube1.16

package fields

import (
	"fmt"
	"reflect"

	"gopkg.in/yaml.v2"
)

// Check fails on a field of the file that the struct type does not have and on one that is there twice. It stands in for
// the strict decoder, which this release does not have yet.
func Check(content []byte, t reflect.Type) error {
	var file map[interface{}]interface{}
	if err := yaml.UnmarshalStrict(content, &file); err != nil {
		return err
	}
	return unknown(file, t, "")
}

func unknown(file map[interface{}]interface{}, t reflect.Type, path string) error {
	types := map[string]reflect.Type{}
	for _, f := range Of(t) {
		types[f.Name] = f.Type
	}
	for key, value := range file {
		name := fmt.Sprint(key)
		known, found := types[name]
		if !found {
			return fmt.Errorf("unknown field %q", path+name)
		}
		nested, isMapping := value.(map[interface{}]interface{})
		if within := Struct(known); within != nil && isMapping {
			if err := unknown(nested, within, path+name+"."); err != nil {
				return err
			}
		}
	}
	return nil
}
