package main

import (
	"encoding/json"
	"testing"
)

func TestArgsFile(t *testing.T) {
	options := parseOptions("allow-privileged bool\nmax-pods\n\nfeature-gates mapStringBool\n")
	cases := []struct {
		name, want, fault string
		values            map[string]any
	}{
		{name: "nothing set gives an empty file"},
		{name: "the raw text comes first", values: map[string]any{"args": `--v="0"`, "max-pods": json.Number("5")}, want: "--v=\"0\"\n--max-pods=\"5\"\n"},
		{name: "a true boolean is a bare flag", values: map[string]any{"allow-privileged": true}, want: "--allow-privileged\n"},
		{name: "a false boolean is spelt out", values: map[string]any{"allow-privileged": "false"}, want: "--allow-privileged=false\n"},
		{name: "another word for a boolean is refused", values: map[string]any{"allow-privileged": "yes"}, fault: "Invalid value for allow-privileged: yes, expected true or false"},
		{name: "an object is written as JSON", values: map[string]any{"feature-gates": map[string]any{"A": true}}, want: "--feature-gates=\"{\"A\":true}\"\n"},
		{name: "unknown, null and empty keys are left out", values: map[string]any{"colour": "red", "max-pods": nil, "feature-gates": ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := render(options, c.values)
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if got != c.want || fault != c.fault {
				t.Errorf("got %q and fault %q, want %q and %q", got, fault, c.want, c.fault)
			}
		})
	}
}
