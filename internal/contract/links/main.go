// Command links makes dispatch, hooks/ and actions/ of a charm directory agree with its metadata.yaml and actions.yaml.
// It is run by "make links" after an endpoint or an action has been added or taken away.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/juju/charm/v12"

	"kubernetes-worker/internal/contract"
)

func main() {
	dir := flag.String("dir", ".", "charm directory")
	flag.Parse()
	if err := write(*dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	read, err := charm.ReadCharmDir(dir)
	if err != nil {
		return fmt.Errorf("cannot read charm directory %s: %w", dir, err)
	}
	var endpoints, actions []string
	for name := range read.Meta().CombinedRelations() {
		endpoints = append(endpoints, name)
	}
	for name := range read.Actions().ActionSpecs {
		actions = append(actions, name)
	}
	return contract.WriteLinks(dir, contract.Links(endpoints, actions))
}
