package kubelet

import (
	"errors"
	"strings"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// ConfigMeaning names the fields in which a kubelet of the releases with a configuration file would be configured otherwise
// by the one file than by the other: like ConfigDiff, but a field that is left out is the same as one with its default, for
// those that only one of this charm and its forerunner writes.
func ConfigMeaning(from, to []byte) []string {
	before, errBefore := readMapping(from)
	after, errAfter := readMapping(to)
	if errBefore != nil || errAfter != nil {
		return []string{"everything"}
	}
	fillDefaults(before)
	fillDefaults(after)
	return diff(before, after, "")
}

func fillDefaults(config map[string]any) {
	within(config, "authentication.webhook", "enabled", true)
	within(config, "authorization", "mode", "Webhook")
	within(config, "featureGates", "DevicePlugins", true) // which the forerunner named where there is a GPU; on since 1.10
	within(config, "", "cgroupDriver", "cgroupfs")
	within(config, "", "readOnlyPort", 0)
}

// within puts a field into a mapping below others, unless it is there.
func within(config map[string]any, path, name string, value any) {
	for step := range strings.SplitSeq(path, ".") {
		if step == "" {
			continue
		}
		if config[step] == nil {
			config[step] = map[string]any{}
		}
		inner, ok := config[step].(map[string]any)
		if !ok {
			return
		}
		config = inner
	}
	if _, there := config[name]; !there {
		config[name] = value
	}
}

// ArgumentMeaning lists in which of its arguments a kubelet differs from what is wanted, on a machine of this host name.
// Arguments that the release does not have are not there, and those with their default need not be. Nor need the image
// that holds a pod together: the kubelet's own does until it starts the next time.
func ArgumentMeaning(v kubeversion.Version, hostname string, have, want arguments.Set) []string {
	without := func(set arguments.Set) arguments.Set {
		return set.Without(func(a arguments.Argument) bool {
			switch {
			case a.Key == "v":
				return a.Value == "0"
			case a.Key == "logtostderr":
				return a.Value == "true"
			case a.Key == "hostname-override":
				return a.Value == strings.ToLower(hostname)
			}
			flag := release.KubeletFlag(v, a.Key)
			return flag.Known && !flag.Exists
		})
	}
	have, want = without(have), without(want)
	const sandbox = "pod-infra-container-image"
	if _, given := have.Get(sandbox); !given {
		want = want.Without(func(a arguments.Argument) bool { return a.Key == sandbox })
	}
	return arguments.Diff(have, want)
}

// ClusterOf reads what a configuration file says of the cluster: its domain and the addresses of its DNS.
func ClusterOf(config []byte) (domain string, dns []string, err error) {
	var c struct {
		Kind          string   `yaml:"kind"`
		ClusterDomain string   `yaml:"clusterDomain"`
		ClusterDNS    []string `yaml:"clusterDNS"`
	}
	if err := yaml.Unmarshal(config, &c); err != nil || c.Kind != configKind {
		return "", nil, errors.New("cannot read configuration: it is not one of a kubelet")
	}
	return c.ClusterDomain, c.ClusterDNS, nil
}
