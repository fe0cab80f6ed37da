package kubelet

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// ConfigDiff names the fields in which two configuration files differ, dotted and sorted: "authentication.x509.clientCAFile",
// "clusterDNS". It is the cause that is printed for a restart. Files that mean the same give nothing; where one of them
// cannot be read the answer is "everything".
func ConfigDiff(from, to []byte) []string {
	if bytes.Equal(from, to) {
		return nil
	}
	before, errBefore := readMapping(from)
	after, errAfter := readMapping(to)
	if errBefore != nil || errAfter != nil {
		return []string{"everything"}
	}
	return diff(before, after, "")
}

func readMapping(content []byte) (map[string]any, error) {
	var mapping map[string]any
	if err := yaml.Unmarshal(content, &mapping); err != nil {
		return nil, err
	}
	if mapping == nil {
		return nil, errors.New("cannot read configuration: it is empty")
	}
	return mapping, nil
}

func diff(before, after map[string]any, path string) []string {
	names := slices.Sorted(maps.Keys(before))
	for name := range after {
		if _, both := before[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var fields []string
	for _, name := range names {
		old, had := before[name]
		now, has := after[name]
		oldMapping, oldOK := old.(map[string]any)
		nowMapping, nowOK := now.(map[string]any)
		switch {
		case oldOK && nowOK:
			fields = append(fields, diff(oldMapping, nowMapping, path+name+".")...)
		case had != has || !reflect.DeepEqual(old, now):
			fields = append(fields, path+name)
		}
	}
	return fields
}
