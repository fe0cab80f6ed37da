package model

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// remoteKeys are all keys that the charm reads of other units, by endpoint.
var remoteKeys = map[string][]string{
	"kube-control":         {"creds", "enable-kube-dns", "sdn-ip", "domain", "port", "api-endpoints", "default-cni", "registry-location", "cluster-tag", "has-xcp", "cohort-keys", "ca-certificate-secret-id", "taints", "labels"},
	"kube-api-endpoint":    {"hostname", "private-address", "ingress-address", "port", "extended_data"},
	"certificates":         {"ca", "chain", "client.cert", "client.key", unitKey + ".server.cert", unitKey + ".server.key", unitKey + ".processed_requests", unitKey + ".processed_client_requests"},
	"cni":                  {"cidr", "cni-conf-file"},
	"container-runtime":    {"socket", "runtime", "nvidia_enabled"},
	"docker-registry":      {"registry_netloc", "registry_url", "basic_user", "basic_password", "tls_ca"},
	"nfs":                  {"mountpoint", "fstype", "options", "hostname", "private-address", "ingress-address"},
	"nrpe-external-master": {"nagios_hostname", "nagios_host_context"},
	"sdn-plugin":           {"subnet", "mtu", "cidr"},
	"tokens":               {"tokens"},
	"dockerhost":           {"url"},
	"ingress-proxy":        {"hostname"},
	"kube-dns":             {"port", "domain", "sdn-ip"},
	"aws":                  {"completed"},
	"gcp":                  {"completed", "credentials"},
	"azure": {"completed", "resource-group-location", "vnet-name", "vnet-resource-group", "subnet-name", "security-group-name", "security-group-resource-group",
		"use-managed-identity", "aad-client", "aad-client-secret", "tenant-id"},
	"openstack": {"auth_url", "region", "username", "password", "user_domain_name", "project_domain_name", "project_name", "endpoint_tls_ca", "subnet_id", "floating_network_id",
		"lb_method", "manage_security_groups", "has_octavia", "bs_version", "trust_device_path", "ignore_volume_az"},
	"vsphere": {"vsphere_ip", "user", "password", "datacenter", "datastore"},
}

// usableBags are what a well-meaning peer says, where all of it has to be usable before any of it reaches a file.
var usableBags = map[string]map[string]string{
	"container-runtime":    {"socket": `"unix:///run/containerd/containerd.sock"`, "runtime": `"remote"`, "nvidia_enabled": "false"},
	"docker-registry":      {"registry_netloc": `"10.0.0.9:5000"`, "basic_user": `"me"`, "basic_password": `"x"`},
	"nfs":                  {"mountpoint": "/srv/data", "fstype": "nfs", "options": "timeo=14", "hostname": "10.0.0.8"},
	"nrpe-external-master": {"nagios_hostname": "juju-0", "nagios_host_context": "site"},
	"sdn-plugin":           {"subnet": "10.1.15.1/24", "mtu": "1450", "cidr": "10.1.0.0/16"},
	"openstack": {"auth_url": `"https://keystone.test:5000/v3"`, "region": `"one"`, "username": `"k8s"`, "password": `"x"`, "user_domain_name": `"users"`, "project_domain_name": `"projects"`,
		"project_name": `"k8s"`, "subnet_id": `"subnet"`, "floating_network_id": `"network"`, "lb_method": `"ROUND_ROBIN"`, "bs_version": `"v3"`},
}

// decoders are the packages that read them.
var decoders = map[string][]string{
	"kubecontrol": {"kube-control"}, "kubeapi": {"kube-api-endpoint"}, "certificates": {"certificates"}, "cni": {"cni"}, "containerruntime": {"container-runtime"},
	"dockerregistry": {"docker-registry"}, "mount": {"nfs"}, "nrpe": {"nrpe-external-master"}, "sdnplugin": {"sdn-plugin"}, "tokens": {"tokens"},
	"dockerhost": {"dockerhost"}, "ingressproxy": {"ingress-proxy"}, "cloud": {"aws", "gcp", "azure", "openstack", "vsphere"},
}

// otherWords are texts in those packages that look like keys and are none that others write.
var otherWords = map[string][]string{
	"certificates": {"cert", "cert_requests", "certificate_name", "client_cert_requests", "common_name", "key", "null", "sans", "unit_name"},
	"cloud": {"aws", "azure", "charm", "enable-dns", "enable-dns-management", "enable-instance-inspection", "enable-object-storage-management", "gcp", "instance",
		"instance-id", "instance-labels", "instance-security-group-tags", "instance-subnet-tags", "instance-tags", "k8s-io-cluster-name", "kubernetes-worker",
		"model-uuid", "object-storage-management-patterns", "openstack", "owned", "requested", "res-group", "subscription-id", "vm-id", "vm-location",
		"vm-name", "vsphere", "yes", "zone"},
	"cni":              {".conf", ".conflist", ".json", "image-registry", "is_master", "kubeconfig-hash", "kubeconfig_path"},
	"containerruntime": {"docker", "remote", "sandbox_image"},
	"ingressproxy":     {"port", "private-address"},
	"kubecontrol": {"auth_group", "ca-certificate", "client-token", "client_token", "gpu", "https", "kube-control", "kubelet-token", "kubelet_token", "kubelet_user",
		"null", "proxy-token", "proxy_token", "schema_vers", "scope", "secret-id"},
	"mount":  {"nfs"},
	"nrpe":   {"monitors", "primary"},
	"tokens": {"null", "requests"},
}

var keyLike = regexp.MustCompile(`^\.?[a-z][a-z0-9]*([-_.][a-z0-9]+)*$`)

// A key that is added to a decoder has to be tried: each text in its sources that could be a key is one that is tried, or
// is known not to be one.
func TestEachKeyThatADecoderReadsIsTried(t *testing.T) {
	t.Parallel()
	root := filepath.Join(repository(), "internal/relation")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name() == "relationtest" {
			continue
		}
		endpoints, known := decoders[entry.Name()]
		if !known {
			t.Errorf("nobody knows whose keys internal/relation/%s reads", entry.Name())
			continue
		}
		allowed := slices.Clone(otherWords[entry.Name()])
		for _, endpoint := range endpoints {
			for _, key := range remoteKeys[endpoint] {
				allowed = append(allowed, strings.TrimPrefix(key, unitKey))
			}
		}
		words := keyWords(t, filepath.Join(root, entry.Name()))
		for _, word := range words {
			if !slices.Contains(allowed, word) {
				t.Errorf("internal/relation/%s has %q, which is not among the keys that are tried", entry.Name(), word)
			}
		}
		for _, word := range otherWords[entry.Name()] {
			if !slices.Contains(words, word) {
				t.Errorf("internal/relation/%s has no %q any more", entry.Name(), word)
			}
		}
	}
}

// keyWords are the texts in a package's sources that look like keys, each once.
func keyWords(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if _, isImport := n.(*ast.ImportSpec); isImport {
				return false
			}
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && keyLike.MatchString(text) {
					found[text] = true
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}
