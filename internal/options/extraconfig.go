package options

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Limits of kubelet-extra-config. A real one has a few dozen lines.
const (
	maxExtraConfig = 256 << 10 // bytes
	maxNodes       = 20000     // values after aliases are followed; stops alias bombs
	maxDepth       = 40
)

func readKubeletExtraConfig(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	config, err := ParseExtraConfig(text)
	if err != nil {
		return err
	}
	r.into.KubeletExtraConfig = config
	return nil
}

// ParseExtraConfig reads a YAML mapping as plain data. Tags other than those of JSON's own types are refused, keys given
// twice too; aliases and merge keys are followed within bounds. Errors name the line.
func ParseExtraConfig(text string) (map[string]any, error) {
	if len(text) > maxExtraConfig {
		return nil, fmt.Errorf("it has %d bytes, more than the %d allowed; keep only the fields to be changed", len(text), maxExtraConfig)
	}
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty; set it to {} for no extra configuration")
	} else if err != nil {
		return nil, yamlError(err)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document begins here; give one mapping", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlError(err)
	}
	root := document.Content[0]
	walk := walker{}
	value, err := walk.convert(root, 0)
	if err != nil {
		return nil, err
	}
	mapping, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("line %d: it is no mapping; write fields of KubeletConfiguration, such as {maxPods: 50}", max(root.Line, 1))
	}
	return mapping, nil
}

func yamlError(err error) error {
	return fmt.Errorf("it is no YAML: %s; write fields of KubeletConfiguration, such as {maxPods: 50}", strings.TrimPrefix(err.Error(), "yaml: "))
}

type walker struct{ nodes int }

func (w *walker) convert(node *yaml.Node, depth int) (any, error) {
	if w.nodes++; w.nodes > maxNodes {
		return nil, fmt.Errorf("line %d: it grows to more than %d values when its aliases are followed; write it without them", node.Line, maxNodes)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: it is nested more than %d levels deep", node.Line, maxDepth)
	}
	if err := checkTag(node); err != nil {
		return nil, err
	}
	switch node.Kind {
	case yaml.AliasNode:
		return w.convert(node.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			value, err := w.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.MappingNode:
		return w.mapping(node, depth)
	default:
		return scalar(node)
	}
}

func (w *walker) mapping(node *yaml.Node, depth int) (map[string]any, error) {
	mapping := make(map[string]any, len(node.Content)/2)
	lines := make(map[string]int, len(node.Content)/2)
	var merged []map[string]any
	for i := 0; i+1 < len(node.Content); i += 2 {
		keyNode := node.Content[i]
		if keyNode.Kind == yaml.ScalarNode && keyNode.ShortTag() == "!!merge" {
			sources, err := w.mergeSources(node.Content[i+1], depth)
			if err != nil {
				return nil, err
			}
			merged = append(merged, sources...)
			continue
		}
		key, err := keyText(keyNode)
		if err != nil {
			return nil, err
		}
		if first, twice := lines[key]; twice {
			return nil, fmt.Errorf("line %d: the key %q is already given in line %d; keep one", keyNode.Line, shorten(key), first)
		}
		lines[key] = keyNode.Line
		if mapping[key], err = w.convert(node.Content[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	for _, source := range merged {
		for key, value := range source {
			if _, own := mapping[key]; !own {
				mapping[key] = value
			}
		}
	}
	return mapping, nil
}

// mergeSources reads what stands behind "<<": a mapping or a list of mappings, of which the earlier ones win.
func (w *walker) mergeSources(node *yaml.Node, depth int) ([]map[string]any, error) {
	value, err := w.convert(node, depth+1)
	if err != nil {
		return nil, err
	}
	items, ok := value.([]any)
	if !ok {
		items = []any{value}
	}
	sources := make([]map[string]any, 0, len(items))
	for _, item := range items {
		source, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("line %d: only mappings can be merged with <<", node.Line)
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func keyText(node *yaml.Node) (string, error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if err := checkTag(node); err != nil {
		return "", err
	}
	if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" {
		return "", fmt.Errorf("line %d: a key must be a name", node.Line)
	}
	return node.Value, nil
}

// checkTag lets only tags through that mean plain data.
func checkTag(node *yaml.Node) error {
	if node.Style&yaml.TaggedStyle == 0 {
		return nil
	}
	if slices.Contains([]string{"!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null"}, node.ShortTag()) {
		return nil
	}
	return fmt.Errorf("line %d: the tag %q is not accepted; write plain values", node.Line, shorten(node.ShortTag()))
}

// scalar reads a value with the types of JSON. Unquoted yes, no, on and off are booleans and dates are text, as in the
// YAML that the kubelet itself reads.
func scalar(node *yaml.Node) (any, error) {
	switch node.ShortTag() {
	case "!!timestamp", "!!merge":
		return node.Value, nil
	case "!!str":
		if node.Style == 0 {
			switch node.Value {
			case "yes", "Yes", "YES", "on", "On", "ON":
				return true, nil
			case "no", "No", "NO", "off", "Off", "OFF":
				return false, nil
			}
		}
		return node.Value, nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, fmt.Errorf("line %d: the value does not fit its tag", node.Line)
	}
	switch v := value.(type) {
	case int:
		return int64(v), nil
	case float64:
		return number(v, node.Line)
	default: // nil, bool, int64, uint64
		return v, nil
	}
}

// number writes whole floats as integers: the kubelet's integer fields take 1e3 only in that form.
func number(v float64, line int) (any, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("line %d: the value is not a finite number", line)
	}
	const exact = 1 << 53
	if v == math.Trunc(v) && math.Abs(v) <= exact {
		return int64(v), nil
	}
	return v, nil
}
