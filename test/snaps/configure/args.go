package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// option is one flag of the program.
type option struct {
	name    string
	boolean bool
}

// parseOptions reads one option a line; the word "bool" after the name marks a boolean one.
func parseOptions(list string) []option {
	var options []option
	for _, line := range strings.Split(list, "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			options = append(options, option{name: words[0], boolean: len(words) > 1 && words[1] == "bool"})
		}
	}
	return options
}

// render gives the content of the args file for the snap's configuration. Values other than text (snapd parses each
// value as JSON when it can) are written in JSON.
func render(options []option, values map[string]any) (string, error) {
	var b strings.Builder
	if raw, ok := values["args"]; ok && raw != nil {
		fmt.Fprintln(&b, plain(raw))
	}
	for _, o := range options {
		value, ok := values[o.name]
		if !ok || value == nil {
			continue
		}
		text := plain(value)
		switch {
		case text == "":
		case !o.boolean:
			fmt.Fprintf(&b, "--%s=\"%s\"\n", o.name, text)
		case text == "true":
			fmt.Fprintf(&b, "--%s\n", o.name)
		case text == "false":
			fmt.Fprintf(&b, "--%s=false\n", o.name)
		default:
			return "", fmt.Errorf("Invalid value for %s: %s, expected true or false", o.name, text)
		}
	}
	return b.String(), nil
}

func plain(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
