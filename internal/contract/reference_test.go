package contract_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/juju/charm/v12"
)

var update = flag.Bool("update", false, "write the reference documents from the YAML files")

// The part of a document between these lines is made from a YAML file; what stands around it is written by hand.
const (
	begin = "<!-- made by make docs: begin -->\n"
	end   = "<!-- made by make docs: end -->\n"
)

func TestOptionsReferenceIsMadeFromConfig(t *testing.T) {
	options := read(t).Config().Options
	var b strings.Builder
	b.WriteString("| Option | Type | Default | |\n|---|---|---|---|\n")
	for _, name := range sorted(options) {
		o := options[name]
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s |\n", name, name, o.Type, value(o.Default), cell(firstSentence(o.Description)))
	}
	for _, name := range sorted(options) {
		o := options[name]
		fmt.Fprintf(&b, "\n### %s\n\n%s, default %s.\n\n%s\n", name, o.Type, value(o.Default), paragraph(o.Description))
	}
	checkReference(t, "options.md", b.String())
}

func TestActionsReferenceIsMadeFromActions(t *testing.T) {
	actions := read(t).Actions().ActionSpecs
	var b strings.Builder
	for i, name := range sorted(actions) {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n\n%s", name, paragraph(actions[name].Description), parameters(actions[name]))
	}
	checkReference(t, "actions.md", b.String())
}

func parameters(spec charm.ActionSpec) string {
	properties := spec.Params["properties"].(map[string]any)
	if len(properties) == 0 {
		return "No parameters.\n"
	}
	var b strings.Builder
	b.WriteString("| Parameter | Type | Default | |\n|---|---|---|---|\n")
	for _, name := range sorted(properties) {
		schema := properties[name].(map[string]any)
		byDefault := "none"
		if v, has := schema["default"]; has {
			byDefault = value(v)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, schema["type"], byDefault, cell(schema["description"].(string)))
	}
	return b.String()
}

// checkReference compares the made part of a document with what it should be, or writes it with -update.
func checkReference(t *testing.T, name, want string) {
	t.Helper()
	file := filepath.Join(root, "docs", "reference", name)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(content), begin)
	have, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("%s lacks the lines that enclose its made part:\n%s%s", file, begin, end)
	}
	if have == want {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the YAML file; run make docs", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func value(v any) string {
	if text, is := v.(string); is {
		return fmt.Sprintf("`%q`", text)
	}
	return fmt.Sprintf("`%v`", v)
}

// paragraph joins the lines of a description, which are wrapped for the YAML file.
func paragraph(text string) string { return strings.Join(strings.Fields(text), " ") }

func cell(text string) string { return strings.ReplaceAll(paragraph(text), "|", `\|`) }

// firstSentence returns the first sentence of a description without its example.
func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(paragraph(text), ". ")
	sentence, _, _ = strings.Cut(sentence, ", for example")
	return strings.TrimSuffix(sentence, ".") + "."
}
