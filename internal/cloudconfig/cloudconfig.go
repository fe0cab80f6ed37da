// Package cloudconfig owns the files from which the cloud providers inside the kubelet learn how to reach their cloud
// (specification, lifecycle 11). It renders; it writes no file.
package cloudconfig

import (
	"bytes"
	"encoding/json"
	"strings"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/cloud"
)

// Where the files are: in the directory of the kubelet's snap that outlives its revisions.
const (
	dir             = "/var/snap/kubelet/common"
	ConfigFile      = dir + "/cloud-config.conf"
	AuthorityFile   = dir + "/cloud-endpoint-ca.crt"
	CredentialsFile = dir + "/gcp-creds.json"
	// EnvironmentFile holds assignments that the snap exports to the kubelet; it may hold others' besides ours.
	EnvironmentFile = dir + "/environment"
	// Variable names the credentials to the client library of GCP.
	Variable = "GOOGLE_APPLICATION_CREDENTIALS"
)

// Paths are all files that a cloud can need, without EnvironmentFile.
func Paths() []string { return []string{ConfigFile, AuthorityFile, CredentialsFile} }

// File is one of Paths. All are for root alone, mode 0600: most hold a password or a key.
type File struct {
	Path    string
	Content []byte
}

// Render gives the files of a cloud that is ready, for the machine that is this instance. aws and vsphere need none.
func Render(f cloud.Facts, machine cloud.Instance) []File {
	switch f.Name {
	case cloud.GCP:
		return []File{
			{ConfigFile, []byte("[Global]\ntoken-url = nil\nmultizone = true\n")},
			{CredentialsFile, []byte(f.Credentials.Reveal())},
		}
	case cloud.OpenStack:
		files := []File{{ConfigFile, openStack(f.OpenStack)}}
		if f.OpenStack.CA != "" {
			files = append(files, File{AuthorityFile, []byte(f.OpenStack.CA)})
		}
		return files
	case cloud.Azure:
		return []File{{ConfigFile, azure(f.Azure, machine)}}
	}
	return nil
}

// section is a part of an INI file.
type section struct {
	name  string
	lines [][2]string
}

// set adds a line, unless there is no value.
func (s *section) set(key, value string) {
	if value != "" {
		s.lines = append(s.lines, [2]string{key, quote(value)})
	}
}

func (s *section) turnOn(key string, on bool, word string) {
	if on {
		s.set(key, word)
	}
}

func openStack(a cloud.OpenStackAccess) []byte {
	global, balancer, volumes := section{name: "Global"}, section{name: "LoadBalancer"}, section{name: "BlockStorage"}
	global.set("auth-url", a.AuthURL)
	global.set("region", a.Region)
	global.set("username", a.Username)
	global.set("password", a.Password.Reveal())
	global.set("tenant-name", a.Project)
	global.set("domain-name", a.UserDomain)
	if a.CA != "" {
		global.set("ca-file", AuthorityFile)
	}
	balancer.set("subnet-id", a.Subnet)
	balancer.set("floating-network-id", a.FloatingNetwork)
	balancer.set("lb-method", a.Method)
	balancer.turnOn("manage-security-groups", a.SecurityGroups, "True")
	balancer.turnOn("use-octavia", a.Octavia, "true")
	volumes.set("bs-version", a.VolumeAPI)
	volumes.turnOn("trust-device-path", a.TrustDevicePath, "true")
	volumes.turnOn("ignore-volume-az", a.IgnoreVolumeZone, "true")

	var b bytes.Buffer
	for i, s := range []section{global, balancer, volumes} {
		if len(s.lines) == 0 {
			continue
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("[" + s.name + "]\n")
		for _, line := range s.lines {
			b.WriteString(line[0] + " = " + line[1] + "\n")
		}
	}
	return b.Bytes()
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`)

// quote writes a value for the provider's reader of INI files: plain where nothing in it means anything to that, else in
// quotation marks, in which that knows four escapes and no other.
func quote(value string) string {
	if relation.Only(value, "-_.:/@") {
		return value
	}
	return `"` + escapes.Replace(value) + `"`
}

func azure(a cloud.AzureNetwork, machine cloud.Instance) []byte {
	config := struct {
		UseInstanceMetadata         bool   `json:"useInstanceMetadata"`
		UseManagedIdentityExtension bool   `json:"useManagedIdentityExtension"`
		SubscriptionID              string `json:"subscriptionId"`
		ResourceGroup               string `json:"resourceGroup"`
		Location                    string `json:"location"`
		VnetName                    string `json:"vnetName"`
		VnetResourceGroup           string `json:"vnetResourceGroup"`
		SubnetName                  string `json:"subnetName"`
		SecurityGroupName           string `json:"securityGroupName"`
		SecurityGroupResourceGroup  string `json:"securityGroupResourceGroup,omitempty"`
		ClientID                    string `json:"aadClientId,omitempty"`
		ClientSecret                string `json:"aadClientSecret,omitempty"`
		TenantID                    string `json:"tenantId,omitempty"`
	}{
		true, a.Client == "", machine.Subscription, machine.Group, a.Location, a.VNet, a.VNetGroup, a.Subnet, a.SecurityGroup, a.SecurityGroupsGroup,
		a.Client, a.ClientSecret.Reveal(), a.Tenant,
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(config); err != nil {
		panic(err) // texts and truth values
	}
	return b.Bytes()
}
