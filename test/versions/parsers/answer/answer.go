//go:build kube1.12

// Package answer is what the two programs have in common: how they are called, and how flags, fields and gates are told.
// It knows no release of Kubernetes.
package answer

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	"github.com/spf13/pflag"

	"kubernetes-worker/test/versions/parsers/fields"
)

// Main runs "check ARGS..." or "list" and ends the process: 0 where the daemon would go on with the arguments, 1 with the
// reason where it would not, 2 for a call that nobody means.
func Main(check func(args []string) error, list func() []string) {
	switch {
	case len(os.Args) >= 2 && os.Args[1] == "check":
		if err := calmly(check, os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) == 2 && os.Args[1] == "list":
		lines := list()
		sort.Strings(lines)
		fmt.Println(strings.Join(lines, "\n"))
	default:
		fmt.Fprintln(os.Stderr, "usage: check ARGS... | list")
		os.Exit(2)
	}
}

// calmly makes an error of a panic, which is how some releases answer what they do not like.
func calmly(check func(args []string) error, args []string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return check(args)
}

// Flags gives a line for each flag of the set: its name, and "deprecated" where its help says so.
func Flags(daemon string, set *pflag.FlagSet) []string {
	var lines []string
	set.VisitAll(func(f *pflag.Flag) {
		line := daemon + "-flag " + f.Name
		if f.Deprecated != "" || strings.HasPrefix(f.Usage, "DEPRECATED") {
			line += " deprecated"
		}
		lines = append(lines, line)
	})
	return lines
}

// Fields gives a line for each field of the type of a configuration file.
func Fields(daemon string, configuration any) []string {
	var lines []string
	for _, path := range fields.Paths(reflect.TypeOf(configuration)) {
		lines = append(lines, daemon+"-field "+path)
	}
	return lines
}

// Gates gives a line for each feature gate.
func Gates(daemon string, names []string) []string {
	var lines []string
	for _, name := range names {
		lines = append(lines, daemon+"-gate "+name)
	}
	return lines
}
