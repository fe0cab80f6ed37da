//go:build kube1.12 && !kube1.24

package gates

import (
	"reflect"
	"sync/atomic"

	"kubernetes-worker/test/versions/parsers/private"
)

// names looks into the registry, because these releases only tell the gates that are not stable yet.
func names(registry any) []string {
	var all []string
	known := private.Field(registry, "known").Interface().(*atomic.Value)
	for _, name := range reflect.ValueOf(known.Load()).MapKeys() {
		all = append(all, name.String())
	}
	return all
}
