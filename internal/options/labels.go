package options

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// ReservedLabel is the label the charm itself keeps on the node.
const ReservedLabel = "juju-application"

// Labels are the node labels a person wants: keys to set, and keys to take away. No key is in both.
type Labels struct {
	Set    map[string]string
	Remove map[string]bool
}

// readLabels never fails: a bad item is skipped with a warning, the others act. Of items with the same key the last wins.
func readLabels(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	labels := Labels{Set: map[string]string{}, Remove: map[string]bool{}}
	for _, item := range strings.Fields(text) {
		key, value, remove, ok := parseLabel(item)
		switch {
		case !ok:
			r.warn("Skipping malformed option: " + item + ".")
		case key == ReservedLabel:
			r.warn("labels: skipping " + ReservedLabel + ", the charm keeps this label itself")
		case remove:
			delete(labels.Set, key)
			labels.Remove[key] = true
		default:
			delete(labels.Remove, key)
			labels.Set[key] = value
		}
	}
	r.into.Labels = labels
	return nil
}

// parseLabel reads key=value, key= (an empty value), and the two forms that remove: key- and key=anything-.
func parseLabel(item string) (key, value string, remove, ok bool) {
	key, value, found := strings.Cut(item, "=")
	if !found {
		if !strings.HasSuffix(key, "-") {
			return "", "", false, false
		}
		key, remove = strings.TrimSuffix(key, "-"), true
	} else if strings.HasSuffix(value, "-") {
		value, remove = "", true
	}
	if len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(value)) > 0 {
		return "", "", false, false
	}
	return key, value, remove, true
}
