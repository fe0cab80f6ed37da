package charmpack

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"gopkg.in/yaml.v3"
)

type manifest struct {
	Bases []base `yaml:"bases"`
}

type base struct {
	Name          string   `yaml:"name"`
	Channel       string   `yaml:"channel"`
	Architectures []string `yaml:"architectures"`
}

// narrowManifest reads the manifest of all architectures and returns the one of a charm for a single architecture: the
// bases that have it, each with that architecture only.
func narrowManifest(file, architecture string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read manifest: %w", err)
	}
	var all, narrow manifest
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("cannot parse manifest %s: %w", file, err)
	}
	for _, b := range all.Bases {
		if slices.Contains(b.Architectures, architecture) {
			narrow.Bases = append(narrow.Bases, base{b.Name, b.Channel, []string{architecture}})
		}
	}
	if len(narrow.Bases) == 0 {
		return nil, fmt.Errorf("cannot pack for %s: no base in %s has this architecture", architecture, file)
	}
	out, err := yaml.Marshal(narrow)
	if err != nil {
		return nil, fmt.Errorf("cannot write manifest: %w", err)
	}
	return out, nil
}
