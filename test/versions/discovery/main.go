// discovery writes down what an old API server answers to /version, /apis and the lists of resources, as far as the charm
// asks for it, for the tests of internal/kube. It is run by hand:
//
//	dir=$(cd / && go mod download -json k8s.io/kubernetes@v1.16.15 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
//	go run ./test/versions/discovery v1.16.15 "$dir" >internal/kube/testdata/discovery/v1.16.15.json
//
// Releases from 1.26 on publish the answers of their own server, which are taken as they are. Those of earlier ones are put
// together from the OpenAPI description that each release publishes: its paths, kinds and actions are what the server makes
// its lists from. With -check both are made, for a release that has both, and compared.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// groups are the API groups that the charm has to do with; the rest would only be bulk.
var groups = []string{"", "apps", "coordination.k8s.io", "extensions", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io"}

// recording is what one server answers, by path.
type recording struct {
	Documents  map[string]any `json:"documents"`
	Aggregated map[string]any `json:"aggregated,omitempty"` // to those who accept it
}

type resource struct {
	Name       string   `json:"name"`
	Namespaced bool     `json:"namespaced"`
	Group      string   `json:"group,omitempty"`
	Version    string   `json:"version,omitempty"`
	Kind       string   `json:"kind"`
	Verbs      []string `json:"verbs"`
}

// lists are resources by apiVersion.
type lists map[string][]resource

func main() {
	check := flag.Bool("check", false, "compare what is put together with what the release publishes")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: discovery [-check] vX.Y.Z DIRECTORY-OF-K8S.IO/KUBERNETES")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *check); err != nil {
		fmt.Fprintln(os.Stderr, "discovery:", err)
		os.Exit(1)
	}
}

func run(version, dir string, check bool) error {
	fields := strings.Split(version, ".")
	if len(fields) != 3 {
		return fmt.Errorf("cannot read version %q", version)
	}
	minor, err := strconv.Atoi(fields[1])
	if err != nil {
		return err
	}
	published, err := fromPublished(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	derived, err := fromOpenAPI(filepath.Join(dir, "api/openapi-spec/swagger.json"))
	if err != nil {
		return err
	}
	onlyDefaults(derived, minor)
	onlyDefaults(published, minor)
	if check {
		return compare(derived, published)
	}
	made := derived
	if len(published) > 0 {
		made = published
	}
	r := recording{Documents: documents(made)}
	r.Documents["/version"] = map[string]string{"major": "1", "minor": fields[1], "gitVersion": version}
	if minor >= 27 {
		r.Aggregated = map[string]any{"/apis": aggregated(made, minor)}
	}
	return write(r)
}

// write puts each document on a line of its own, so that people can read and compare recordings.
func write(r recording) error {
	out := bytes.NewBufferString("{\"documents\": {\n")
	put := func(documents map[string]any) error {
		for i, path := range slices.Sorted(maps.Keys(documents)) {
			text, err := json.Marshal(documents[path])
			if err != nil {
				return err
			}
			if i > 0 {
				out.WriteString(",\n")
			}
			fmt.Fprintf(out, "%q: %s", path, text)
		}
		return nil
	}
	if err := put(r.Documents); err != nil {
		return err
	}
	if r.Aggregated != nil {
		out.WriteString("},\n\"aggregated\": {\n")
		if err := put(r.Aggregated); err != nil {
			return err
		}
	}
	out.WriteString("}}\n")
	_, err := os.Stdout.Write(out.Bytes())
	return err
}

// onlyDefaults drops what such a server does not serve unless it is told to: the sources are of servers that serve all.
func onlyDefaults(l lists, minor int) {
	for apiVersion := range l {
		// Of these groups, betas of before 1.24, when new ones stopped to be served by default, were gone by 1.27.
		off := strings.Contains(apiVersion, "alpha") || minor >= 27 && strings.Contains(apiVersion, "beta") ||
			minor >= 16 && (apiVersion == "apps/v1beta1" || apiVersion == "apps/v1beta2")
		if off {
			delete(l, apiVersion)
		}
	}
	if list, there := l["extensions/v1beta1"]; there && minor >= 16 {
		off := []string{"daemonsets", "deployments", "networkpolicies", "podsecuritypolicies", "replicasets", "replicationcontrollers"}
		l["extensions/v1beta1"] = slices.DeleteFunc(list, func(r resource) bool {
			name, _, _ := strings.Cut(r.Name, "/")
			return slices.Contains(off, name)
		})
	}
	maps.DeleteFunc(l, func(_ string, list []resource) bool { return len(list) == 0 })
}

func split(apiVersion string) (group, version string) {
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		return "", group
	}
	return group, version
}

// byStability orders versions as the server does: v1 before v1beta2 before v1beta1.
func byStability(a, b string) int {
	rank := func(v string) string { return strings.ReplaceAll(v+"~", "v1~", "v2~") }
	return strings.Compare(rank(b), rank(a))
}

func documents(l lists) map[string]any {
	result := map[string]any{}
	type groupVersion struct {
		GroupVersion string `json:"groupVersion"`
		Version      string `json:"version"`
	}
	type group struct {
		Name             string         `json:"name"`
		Versions         []groupVersion `json:"versions"`
		PreferredVersion groupVersion   `json:"preferredVersion"`
	}
	var all []group
	for _, name := range groups[1:] {
		g := group{Name: name}
		for _, apiVersion := range slices.SortedFunc(maps.Keys(l), byStability) {
			if of, version := split(apiVersion); of == name {
				g.Versions = append(g.Versions, groupVersion{apiVersion, version})
			}
		}
		if len(g.Versions) > 0 {
			g.PreferredVersion = g.Versions[0]
			all = append(all, g)
		}
	}
	result["/apis"] = map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": all}
	for apiVersion, list := range l {
		path := "/apis/" + apiVersion
		if apiVersion == "v1" {
			path = "/api/v1"
		}
		result[path] = map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": apiVersion, "resources": list}
	}
	return result
}
