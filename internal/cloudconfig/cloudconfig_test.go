package cloudconfig_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode"

	"kubernetes-worker/internal/cloudconfig"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

func access() cloud.OpenStackAccess {
	return cloud.OpenStackAccess{
		AuthURL: "https://keystone.test:5000/v3", Region: "RegionOne", Username: "k8s", Password: secret.New("pw"),
		UserDomain: "users", ProjectDomain: "projects", Project: "k8s",
	}
}

func TestFilesOfEachCloud(t *testing.T) {
	full := access()
	full.Password, full.CA = secret.New(`p"w;d#\ x`+"\n\t[Global]\n"), "-----BEGIN CERTIFICATE-----\n"
	full.Subnet, full.FloatingNetwork, full.Method, full.SecurityGroups, full.Octavia = "subnet-1", "net-1", "ROUND ROBIN", true, true
	full.VolumeAPI, full.TrustDevicePath, full.IgnoreVolumeZone = "v3", true, true
	network := cloud.AzureNetwork{Location: "westus", VNet: "vnet", VNetGroup: "group", Subnet: `sub"net`, SecurityGroup: "sg"}
	identity := network
	identity.SecurityGroupsGroup, identity.Client, identity.ClientSecret, identity.Tenant = "sg-group", "client", secret.New("client<secret>"), "tenant"
	for name, facts := range map[string]cloud.Facts{
		"gcp":            {Name: cloud.GCP, Credentials: secret.New(`{"type": "service_account"}`)},
		"openstack":      {Name: cloud.OpenStack, OpenStack: access()},
		"openstack-full": {Name: cloud.OpenStack, OpenStack: full},
		"azure":          {Name: cloud.Azure, Azure: network},
		"azure-identity": {Name: cloud.Azure, Azure: identity},
		"aws":            {Name: cloud.AWS},
		"vsphere":        {Name: cloud.VSphere},
	} {
		var b strings.Builder
		for _, file := range cloudconfig.Render(facts, cloud.Instance{Group: "juju-group", Subscription: "sub-1"}) {
			b.WriteString("==> " + file.Path + "\n" + string(file.Content) + "\n")
		}
		golden := "testdata/" + name + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, b.String(), want)
		}
	}
}

// password reads one value as the provider's reader of INI files does: quotation marks anywhere, four escapes within them, and
// a comment, a line's end or the end of the text outside of them ends it.
func password(t *testing.T, content string) string {
	t.Helper()
	_, rest, found := strings.Cut(content, "\npassword = ")
	if !found {
		t.Fatalf("no password in %q", content)
	}
	var b strings.Builder
	quoted, escaped, end := false, false, 0 // end: blanks outside of quotation marks at the end are none of the value
	for _, c := range rest {
		switch {
		case escaped:
			meaning, known := map[rune]rune{'n': '\n', 't': '\t', '"': '"', '\\': '\\'}[c]
			if !known {
				t.Fatalf("%q has an escape that nobody knows", rest)
			}
			b.WriteRune(meaning)
			escaped = false
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			escaped = true
		case c == '\\' || quoted && (c == '\n' || c == 0):
			t.Fatalf("%q cannot be read", rest)
		case !quoted && (c == '\n' || c == ';' || c == '#'):
			return b.String()[:end]
		default:
			b.WriteRune(c)
		}
		if quoted || c != ' ' && c != '\t' {
			end = b.Len()
		}
	}
	t.Fatalf("%q does not end", rest)
	return ""
}

func FuzzQuotedValuesReadBackAsTheyWere(f *testing.F) {
	for _, text := range []string{"plain", `a"b`, "a;b", "a#b", `a\b`, "a\nb\n[Global]\nusername = evil", " a ", "'", "ä\u00a0", "$(x)`", "%", "=", `\`, `"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || strings.ToValidUTF8(text, "") != text || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
			t.Skip("is refused when it is read")
		}
		a := access()
		a.Password = secret.New(text)
		files := cloudconfig.Render(cloud.Facts{Name: cloud.OpenStack, OpenStack: a}, cloud.Instance{})
		if got := password(t, string(files[0].Content)); got != text {
			t.Errorf("%q reads back as %q", text, got)
		}
		if lines := strings.Count(string(files[0].Content), "\n"); lines != 7 {
			t.Errorf("%q makes %d lines", text, lines)
		}
		azure := cloudconfig.Render(cloud.Facts{Name: cloud.Azure, Azure: cloud.AzureNetwork{VNet: text}}, cloud.Instance{})
		var back struct{ VNetName string }
		if err := json.Unmarshal(azure[0].Content, &back); err != nil || back.VNetName != text {
			t.Errorf("%q: %v, %q", text, err, back.VNetName)
		}
	})
}
