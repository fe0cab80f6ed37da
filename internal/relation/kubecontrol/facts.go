package kubecontrol

import (
	"net/url"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// Facts is what the control plane says. Every value is checked; what is missing or unusable is left at its zero value.
type Facts struct {
	Connected        bool // a remote unit is there
	DNSKnown         bool // the control plane has said whether it runs cluster DNS
	DNSEnabled       bool
	DNSAddress       []string // IP addresses of cluster DNS; empty when disabled or not deployed yet
	Domain           string   // cluster domain
	Credentials      Credentials
	ClusterTag       string
	APIEndpoints     []string          // https://host:port, sorted, unique, of all units; only newer control planes
	DefaultCNI       string            // application that sets up pods' first network; empty when the peer has no wish
	RegistryLocation string            // image prefix without a final slash
	XCPKnown         bool              // the control plane has said whether the cluster has an external cloud provider
	HasXCP           bool              // it has one
	CohortKeys       map[string]string // snap name to cohort; nil when there are none
	CASecretID       string            // URI of the Juju secret with the cluster's CA, see CASecretKey
}

// Decode reads what all remote units publish, each key in whichever generation's form it comes. A value that cannot be
// used is reported and hides no other.
func Decode(rels []relation.Relation, user string) (Facts, []relation.Problem) {
	var problems relation.Problems
	f := Facts{Connected: relation.Joined(rels)}
	f.DNSEnabled, f.DNSKnown = relation.First(rels, "enable-kube-dns", &problems, boolean)
	f.DNSAddress = dnsAddresses(rels, &problems)
	f.Domain, _ = relation.First(rels, "domain", &problems, domain)
	f.Credentials = decodeCredentials(rels, user, &problems)
	f.ClusterTag, _ = relation.First(rels, "cluster-tag", &problems, clusterTag)
	f.APIEndpoints = apiEndpoints(rels, &problems)
	f.DefaultCNI, _ = relation.First(rels, "default-cni", &problems, defaultCNI)
	f.RegistryLocation, _ = relation.First(rels, "registry-location", &problems, imagePrefix)
	f.HasXCP, f.XCPKnown = relation.First(rels, "has-xcp", &problems, boolean)
	f.CohortKeys = cohortKeys(rels, &problems)
	f.CASecretID, _ = relation.First(rels, "ca-certificate-secret-id", &problems, func(text string) (string, bool, string) {
		text = strings.TrimSpace(text)
		reason := secretURI(text)
		return text, reason == "", reason
	})
	return f, problems.All()
}

func boolean(text string) (value, ok bool, reason string) {
	if strings.TrimSpace(text) == "null" {
		return false, false, ""
	}
	if value, ok = relation.DecodeBool(text); !ok {
		return false, false, "is neither True nor False"
	}
	return value, true, ""
}

func domain(text string) (name string, ok bool, reason string) {
	if name, ok = relation.DNSName(text); !ok {
		return "", false, "is not a DNS name"
	}
	return name, true, ""
}

// dnsAddresses reads sdn-ip of the first unit that has a usable address in it: one, or one per address family.
func dnsAddresses(rels []relation.Relation, problems *relation.Problems) []string {
	var first []string
	for _, v := range relation.Values(rels, "sdn-ip") {
		var addresses []string
		for item := range strings.SplitSeq(v.Text, ",") {
			switch address, ok := relation.Address(item); {
			case !ok:
				problems.Add(v.Problem("is not an IP address or a list of them"))
			case !slices.Contains(addresses, address.String()):
				addresses = append(addresses, address.String())
			}
		}
		if first == nil {
			first = addresses
		}
	}
	return first
}

// clusterTag reads the tag that names the cluster's resources in clouds, whose own limits are the ones checked here.
func clusterTag(text string) (tag string, ok bool, reason string) {
	tag = strings.TrimSpace(text)
	if len(tag) > 63 || !relation.Only(tag, "-_.") || strings.Trim(tag[:1], "-_.0123456789") == "" {
		return "", false, "is not a tag that clouds accept"
	}
	return tag, true, ""
}

func defaultCNI(text string) (app string, ok bool, reason string) {
	v, ok := relation.DecodeJSON(text)
	app, isText := v.(string)
	switch {
	case !ok || isText && app == "":
		return "", false, ""
	case !isText || !appName(app):
		return "", false, "is not an application's name"
	}
	return app, true, ""
}

// apiEndpoints joins the lists of all units.
func apiEndpoints(rels []relation.Relation, problems *relation.Problems) []string {
	var urls []string
	for _, v := range relation.Values(rels, "api-endpoints") {
		decoded, ok := relation.DecodeJSON(v.Text)
		if !ok {
			continue
		}
		list, isList := decoded.([]any)
		if !isList {
			problems.Add(v.Problem("is not a JSON list"))
			continue
		}
		for _, item := range list {
			text, _ := item.(string)
			server, ok := apiServer(text)
			if !ok {
				problems.Add(v.Problem("has an entry that is not the https URL of a server"))
				continue
			}
			urls = append(urls, server)
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}

// apiServer checks the URL of an API server, which is scheme, host and port alone, and spells the port out.
func apiServer(text string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", false
	}
	host, ok := relation.Host(u.Hostname())
	if !ok {
		return "", false
	}
	port := 443
	if u.Port() != "" {
		if port, ok = relation.Port(u.Port()); !ok {
			return "", false
		}
	}
	return relation.HTTPS(host, port), true
}

// cohortKeys joins the objects of all units; the first usable key of a snap wins.
func cohortKeys(rels []relation.Relation, problems *relation.Problems) map[string]string {
	var keys map[string]string
	for _, v := range relation.Values(rels, "cohort-keys") {
		decoded, ok := relation.DecodeJSON(v.Text)
		if !ok {
			continue
		}
		object, isObject := decoded.(map[string]any)
		if !isObject {
			problems.Add(v.Problem("is not a JSON object"))
			continue
		}
		for name, value := range object {
			key, isText := value.(string)
			switch {
			case value == nil || isText && key == "":
				continue
			case !isText || token(key) != "" || !appName(name):
				problems.Add(v.Problem("has an entry that is not a snap's cohort key"))
				continue
			}
			if keys == nil {
				keys = map[string]string{}
			}
			if _, taken := keys[name]; !taken {
				keys[name] = key
			}
		}
	}
	return keys
}
