package unitstate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"kubernetes-worker/internal/secret"
)

// State is what the forerunner has left, as far as it is of use. What is missing or malformed has its zero value.
type State struct {
	// Flags that were set, with their whole names: "kubernetes-worker.gpu.enabled".
	Flags map[string]bool
	// Credentials are those that the control plane gave last.
	Credentials Credentials
	// Labels that were put on the node for the option labels.
	Labels map[string]string
	// DockerOptions that relations have asked for; nil for one without a value.
	DockerOptions map[string][]string
	// Registry is the related image registry.
	Registry string
	// SnapKeys: snap → keys of its configuration that were set and not taken back.
	SnapKeys map[string][]string
	// Checksums: snap → MD5, in hexadecimal digits, of the resource file that it was installed from, or of an empty one.
	Checksums map[string]string
	// Malformed are the keys whose values could not be understood, sorted.
	Malformed []string
}

// Credentials are the tokens of a node.
type Credentials struct {
	User                   string // system:node:NAME
	Kubelet, Proxy, Client secret.Value
}

// EmptyChecksum is the MD5 of no content, which stands for a resource that is not attached.
const EmptyChecksum = "d41d8cd98f00b204e9800998ecf8427e"

const (
	flagPrefix     = "reactive.states."
	argsPrefix     = "kubernetes-worker.prev_args."
	checksumPrefix = "kubernetes-worker.resource-checksums."
	filesPrefix    = "reactive.files_changed."
)

// decode understands the values one by one: one that is malformed costs nothing but itself.
func decode(values map[string][]byte) State {
	s := State{Flags: map[string]bool{}, SnapKeys: map[string][]string{}, Checksums: map[string]string{}}
	d := decoder{values: values}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if flag, ok := strings.CutPrefix(key, flagPrefix); ok {
			s.Flags[flag] = true // the value is the framework's own
		} else if snap, ok := strings.CutPrefix(key, argsPrefix); ok {
			for name, value := range take[map[string]any](&d, key) {
				if value != nil && value != "null" { // which it has taken back
					s.SnapKeys[snap] = append(s.SnapKeys[snap], name)
				}
			}
			slices.Sort(s.SnapKeys[snap])
		} else if snap, ok := strings.CutPrefix(key, checksumPrefix); ok {
			s.Checksums[snap] = take[string](&d, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if snap := snapOfFile(key); snap != "" && s.Checksums[snap] == "" {
			s.Checksums[snap] = take[string](&d, key)
		}
	}
	given := take[struct {
		User    string `json:"user"`
		Kubelet string `json:"kubelet_token"`
		Proxy   string `json:"proxy_token"`
		Client  string `json:"client_token"`
	}](&d, "credentials")
	s.Credentials = Credentials{User: given.User, Kubelet: secret.New(given.Kubelet), Proxy: secret.New(given.Proxy), Client: secret.New(given.Client)}
	s.Labels = take[map[string]string](&d, "current_labels")
	s.DockerOptions = take[map[string][]string](&d, "docker_opts")
	s.Registry = take[string](&d, "registry_netloc")
	slices.Sort(d.malformed)
	s.Malformed = d.malformed
	return s
}

type decoder struct {
	values    map[string][]byte
	malformed []string
}

// take decodes the value of a key; one that is not there, or is something else, gives nothing.
func take[T any](d *decoder, key string) T {
	var value, nothing T
	content, ok := d.values[key]
	if !ok {
		return nothing
	}
	if json.Unmarshal(content, &value) != nil {
		d.malformed = append(d.malformed, key)
		return nothing
	}
	return value
}

// snapOfFile names the snap whose resource file a key is about, as checksums were kept until 2018: by the file's path,
// …/kubelet/kubelet.snap.
func snapOfFile(key string) string {
	path, ok := strings.CutPrefix(key, filesPrefix)
	if !ok {
		return ""
	}
	for _, snap := range []string{"kubectl", "kubelet", "kube-proxy"} {
		if strings.HasSuffix(path, "/"+snap+".snap") {
			return snap
		}
	}
	return ""
}
