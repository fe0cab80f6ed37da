package contract_test

import (
	"maps"
	"slices"
	"sort"
	"testing"

	"github.com/juju/charm/v12"

	"kubernetes-worker/internal/contract"
)

const root = "../.."

// read reads the charm directory with Juju's own readers and checks, as "juju deploy" does.
func read(t *testing.T) *charm.CharmDir {
	t.Helper()
	dir, err := charm.ReadCharmDir(root)
	if err != nil {
		t.Fatalf("Juju cannot read the charm: %v", err)
	}
	if err := charm.CheckMeta(dir); err != nil {
		t.Fatalf("Juju refuses the charm's metadata: %v", err)
	}
	return dir
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func TestOptionsKeepTheirNamesTypesAndDefaults(t *testing.T) {
	want := map[string]charm.Option{
		"ingress":                          {Type: "boolean", Default: true},
		"labels":                           {Type: "string", Default: ""},
		"allow-privileged":                 {Type: "string", Default: "true"},
		"channel":                          {Type: "string", Default: "1.12/stable"},
		"require-manual-upgrade":           {Type: "boolean", Default: true},
		"kubelet-extra-args":               {Type: "string", Default: ""},
		"proxy-extra-args":                 {Type: "string", Default: ""},
		"kubelet-extra-config":             {Type: "string", Default: "{}"},
		"docker-logins":                    {Type: "string", Default: "[]"},
		"ingress-ssl-chain-completion":     {Type: "boolean", Default: false},
		"nginx-image":                      {Type: "string", Default: "auto"},
		"default-backend-image":            {Type: "string", Default: "auto"},
		"snapd_refresh":                    {Type: "string", Default: "max"},
		"snap_proxy":                       {Type: "string", Default: ""},
		"snap_proxy_url":                   {Type: "string", Default: ""},
		"docker_runtime":                   {Type: "string", Default: "auto"},
		"apt-key-server":                   {Type: "string", Default: "hkp://keyserver.ubuntu.com:80"},
		"cuda_repo":                        {Type: "string", Default: "10.0.130-1"},
		"docker-ce-package":                {Type: "string", Default: "docker-ce"},
		"nvidia-docker-package":            {Type: "string", Default: "nvidia-docker2"},
		"nvidia-container-runtime-package": {Type: "string", Default: "nvidia-container-runtime"},
		"docker-opts":                      {Type: "string", Default: ""},
		"http_proxy":                       {Type: "string", Default: ""},
		"https_proxy":                      {Type: "string", Default: ""},
		"no_proxy":                         {Type: "string", Default: ""},
		"enable-cgroups":                   {Type: "boolean", Default: false},
		"nagios_context":                   {Type: "string", Default: "juju"},
		"nagios_servicegroups":             {Type: "string", Default: ""},
	}
	have := read(t).Config().Options
	if !slices.Equal(sorted(have), sorted(want)) {
		t.Fatalf("options are\n%v, want\n%v", sorted(have), sorted(want))
	}
	for name, option := range have {
		if option.Description == "" {
			t.Errorf("option %s has no description", name)
		}
		option.Description = ""
		if option != want[name] {
			t.Errorf("option %s is %+v, want %+v", name, option, want[name])
		}
	}
}

func TestEndpointsKeepTheirInterfacesRolesAndScopes(t *testing.T) {
	type endpoint struct {
		Interface string
		Role      charm.RelationRole
		Scope     charm.RelationScope
	}
	const (
		provides, requires, peer = charm.RoleProvider, charm.RoleRequirer, charm.RolePeer
		global, container        = charm.ScopeGlobal, charm.ScopeContainer
	)
	want := map[string]endpoint{
		"kube-control":         {"kube-control", requires, global},
		"kube-api-endpoint":    {"http", requires, global},
		"kube-dns":             {"kube-dns", requires, global},
		"certificates":         {"tls-certificates", requires, global},
		"cni":                  {"kubernetes-cni", provides, container},
		"sdn-plugin":           {"sdn-plugin", provides, container},
		"dockerhost":           {"dockerhost", provides, container},
		"nrpe-external-master": {"nrpe-external-master", provides, container},
		"docker-registry":      {"docker-registry", requires, global},
		"nfs":                  {"mount", requires, global},
		"aws":                  {"aws-integration", requires, global},
		"gcp":                  {"gcp-integration", requires, global},
		"azure":                {"azure-integration", requires, global},
		"openstack":            {"openstack-integration", requires, global},
		"vsphere":              {"vsphere-integration", requires, global},
		"container-runtime":    {"container-runtime", provides, container},
		"tokens":               {"tokens", requires, global},
		"ingress-proxy":        {"http", provides, global},
		"coordinator":          {"coordinator", peer, global},
	}
	have := map[string]endpoint{}
	for name, relation := range read(t).Meta().CombinedRelations() {
		have[name] = endpoint{relation.Interface, relation.Role, relation.Scope}
	}
	for _, name := range sorted(have) {
		if _, known := want[name]; !known {
			t.Errorf("endpoint %s is declared, but not part of the contract", name)
		}
	}
	for _, name := range sorted(want) {
		if have[name] != want[name] {
			t.Errorf("endpoint %s is %+v, want %+v", name, have[name], want[name])
		}
	}
}

func TestResourcesHaveFileNamesThatToolsRecognise(t *testing.T) {
	want := map[string]string{
		"cni-amd64": "cni.tgz", "cni-arm64": "cni.tgz", "cni-ppc64el": "cni.tgz", "cni-s390x": "cni.tgz",
		"kubectl": "kubectl.snap", "kubelet": "kubelet.snap", "kube-proxy": "kube-proxy.snap",
		"snapd": "snapd.snap", "core": "core.snap", "core18": "core18.snap", "core20": "core20.snap",
		"core22": "core22.snap", "core24": "core24.snap",
	}
	have := map[string]string{}
	for name, resource := range read(t).Meta().Resources {
		have[name] = resource.Path
	}
	if !maps.Equal(have, want) {
		t.Errorf("resources are\n%v, want\n%v", have, want)
	}
}

func TestManifestNamesTheReleasesOfTheSeriesThatJuju3Deploys(t *testing.T) {
	dir := read(t)
	releases := map[string]string{"focal": "20.04", "bionic": "18.04", "jammy": "22.04", "noble": "24.04"}
	var want []string
	for _, series := range dir.Meta().Series {
		if series == "xenial" { // no Juju that reads bases deploys it
			continue
		}
		want = append(want, "ubuntu@"+releases[series]+"/stable on amd64, arm64, ppc64el, s390x")
	}
	var have []string
	for _, base := range dir.Manifest().Bases {
		have = append(have, base.String())
	}
	if !slices.Equal(have, want) {
		t.Errorf("bases are\n%v, want\n%v", have, want)
	}
	series := slices.Sorted(slices.Values(dir.Meta().Series))
	if all := []string{"bionic", "focal", "jammy", "noble", "xenial"}; !slices.Equal(series, all) {
		t.Errorf("series are %v, want %v", series, all)
	}
}

func TestActionsKeepTheirParametersAndRefuseOthers(t *testing.T) {
	want := map[string]map[string]any{ // parameter to default, nil for none
		"pause": {"delete-local-data": false, "force": false, "ignore-daemonsets": true, "timeout": 600, "grace-period": -1,
			"keep-cordoned": false},
		"resume":   {},
		"upgrade":  {"drain": true, "delete-local-data": false, "force": false, "allow-downgrade": false, "timeout": 600},
		"microbot": {"replicas": 3, "delete": false, "timeout": 300},
		"registry": {"htpasswd": nil, "htpasswd-plain": nil, "tlscert": nil, "tlskey": nil, "domain": nil,
			"ingress": false, "delete": false, "timeout": 300},
		"debug":            {},
		"clean-containers": {},
		"clean-images":     {"untagged": true},
	}
	have := read(t).Actions().ActionSpecs
	if !slices.Equal(sorted(have), sorted(want)) {
		t.Fatalf("actions are %v, want %v", sorted(have), sorted(want))
	}
	for name, spec := range have {
		if spec.Description == "" || spec.Description == "No description" {
			t.Errorf("action %s has no description", name)
		}
		if err := spec.ValidateParams(map[string]any{"no-such-parameter": "x"}); err == nil {
			t.Errorf("action %s accepts a parameter that it does not have", name)
		}
		if err := spec.ValidateParams(nil); err != nil {
			t.Errorf("action %s cannot run without parameters: %v", name, err)
		}
		parameters := spec.Params["properties"].(map[string]any)
		if !slices.Equal(sorted(parameters), sorted(want[name])) {
			t.Errorf("action %s has parameters %v, want %v", name, sorted(parameters), sorted(want[name]))
		}
		for parameter, schema := range parameters {
			if have := schema.(map[string]any)["default"]; have != want[name][parameter] {
				t.Errorf("action %s: default of %s is %v, want %v", name, parameter, have, want[name][parameter])
			}
		}
	}
}

func TestHooksAreThoseThatJujuKnows(t *testing.T) {
	meta := read(t).Meta()
	have := contract.Hooks(sorted(meta.CombinedRelations()))
	want := sorted(meta.Hooks())
	if !slices.Equal(have, want) {
		t.Errorf("hooks are\n%v, Juju knows\n%v", have, want)
	}
	if !sort.StringsAreSorted(contract.UnitHooks()) {
		t.Errorf("unit hooks are not in order: %v", contract.UnitHooks())
	}
	for _, hook := range have {
		if want := hook == "collect-metrics" || hook == "meter-status-changed"; contract.Restricted(hook) != want {
			t.Errorf("restricted is %v for hook %s", !want, hook)
		}
	}
}

func TestLinksAgreeWithMetadataActionsAndHooks(t *testing.T) {
	dir := read(t)
	want := contract.Links(sorted(dir.Meta().CombinedRelations()), sorted(dir.Actions().ActionSpecs))
	problems, err := contract.CheckLinks(root, want)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s (make links)", problem)
	}
}
