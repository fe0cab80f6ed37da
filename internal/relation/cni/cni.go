// Package cni owns the kubernetes-cni interface: the subordinate that gives pods their network is told where its
// kubeconfig is, and says which network it made. It turns bags into facts and back, and never touches a file.
package cni

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// KubeconfigPath is where the subordinate finds credentials for the cluster.
const KubeconfigPath = "/root/cdk/kubeconfig"

// Encode gives the keys to publish, those of both generations at once. The hash of the kubeconfig tells newer
// subordinates to read it again; it and the image registry are left out while they are unknown.
func Encode(kubeconfigHash, imageRegistry string) relation.Bag {
	// Subordinates install the configuration of a worker on exactly this spelling of False.
	bag := relation.Bag{"is_master": "False", "kubeconfig_path": KubeconfigPath}
	if kubeconfigHash != "" {
		bag["kubeconfig-hash"] = kubeconfigHash
	}
	if imageRegistry != "" {
		bag["image-registry"] = imageRegistry
	}
	return bag
}

// Facts is what the selected subordinate says.
type Facts struct {
	Joined   bool   // a remote unit of any application is there
	App      string // selected application; empty when none is there
	CIDR     string // pod network; with two address families both, separated by a comma
	ConfFile string // name of its file in the CNI configuration directory; empty from older subordinates
}

// Decode selects one of the related applications and reads what it publishes: the one that the control plane named as
// default, or else the first in alphabetical order.
func Decode(rels []relation.Relation, defaultCNI string) (Facts, []relation.Problem) {
	var problems relation.Problems
	byApp := map[string][]relation.Relation{}
	for _, rel := range rels {
		if len(rel.Units) > 0 {
			byApp[appOf(rel)] = append(byApp[appOf(rel)], rel)
		}
	}
	if len(byApp) == 0 {
		return Facts{}, nil
	}
	f := Facts{Joined: true, App: defaultCNI}
	if _, related := byApp[defaultCNI]; !related {
		var apps []string
		for app := range byApp {
			apps = append(apps, app)
		}
		f.App = slices.Min(apps)
	}
	f.CIDR = podNetwork(byApp[f.App], &problems)
	f.ConfFile, _ = relation.First(byApp[f.App], "cni-conf-file", &problems, confFile)
	return f, problems.All()
}

// appOf is the remote application, taken from its unit where Juju did not say it.
func appOf(rel relation.Relation) string {
	if rel.App != "" {
		return rel.App
	}
	app, _, _ := strings.Cut(rel.Units[0].Name, "/")
	return app
}

// podNetwork reads cidr of the first unit with something usable in it: one network, or one for each address family,
// which is as much as the cluster's daemons take.
func podNetwork(rels []relation.Relation, problems *relation.Problems) string {
	first := ""
	for _, v := range relation.Values(rels, "cidr") {
		var networks []string
		var have4, have6 bool
		for item := range strings.SplitSeq(v.Text, ",") {
			prefix, err := netip.ParsePrefix(strings.TrimSpace(item))
			if err != nil || prefix.Addr().Is4In6() {
				problems.Add(v.Problem("is not a network in CIDR notation or a list of them"))
				continue
			}
			have := &have6
			if prefix.Addr().Is4() {
				have = &have4
			}
			if *have {
				problems.Add(v.Problem("has more than one network of an address family"))
				continue
			}
			*have = true
			networks = append(networks, prefix.Masked().String())
		}
		if first == "" {
			first = strings.Join(networks, ",")
		}
	}
	return first
}

// confFile checks the name of a CNI configuration file. The name becomes the target of a link 01-default.<ext> beside
// it, so it must stay in its directory, have an extension that container runtimes read, and not be that link itself.
func confFile(text string) (name string, ok bool, reason string) {
	name = strings.TrimSpace(text)
	if len(name) > 255 || !relation.Only(name, "._-") || !relation.Only(name[:1], "") {
		return "", false, "is not a plain file name"
	}
	if ext := filepath.Ext(name); ext != ".conf" && ext != ".conflist" && ext != ".json" {
		return "", false, "does not end in .conf, .conflist or .json"
	}
	if strings.HasPrefix(name, "01-default.") {
		return "", false, "is the name of the link to the default configuration"
	}
	return name, true, ""
}
