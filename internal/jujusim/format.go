package jujusim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gopkg.in/yaml.v2"
)

// render prints a tool's value as Juju's formatters do.
func render(format string, value any) ([]byte, error) {
	switch format {
	case "json":
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("cannot encode the output: %w", err)
		}
		return append(text, '\n'), nil
	case "yaml":
		return renderYAML(value)
	case "smart":
		return renderSmart(value)
	default:
		return nil, usage("invalid value %q for option --format: unknown format %q", format, format)
	}
}

// renderSmart prints text as it is, booleans as Python would, lists line by line, nothing for nothing.
func renderSmart(value any) ([]byte, error) {
	text := ""
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		text = value
	case []string:
		text = strings.Join(value, "\n")
	case bool:
		text = "False"
		if value {
			text = "True"
		}
	default:
		return renderYAML(value)
	}
	if text == "" {
		return nil, nil
	}
	return []byte(text + "\n"), nil
}

func renderYAML(value any) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	text, err := yaml.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the output: %w", err)
	}
	return append(bytes.TrimRight(text, "\n"), '\n'), nil
}
