package kubeconfig_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kubeconfig"
	"kubernetes-worker/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files")

var ca = []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

func TestRenderIsAsSpecified(t *testing.T) {
	got := kubeconfig.Render("https://10.0.0.1:6443", ca, "kubelet", secret.New("tok/admin"))
	const path = "testdata/kubelet"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got:\n%s", got)
	}
}

func TestValuesCannotBreakOutAndReadBack(t *testing.T) {
	for _, text := range []string{"plain", "true", "12", "null", "a: b", "x\ncurrent-context: evil", `"`, `\`, "#x", "- a", "{a}", "*x", "!!int 1", " x ", "\x00", "\xff\xfe", "ä", "1e3", "~", "yes"} {
		c, err := kubeconfig.Parse(kubeconfig.Render("https://"+text, []byte(text), "u"+text, secret.New(text)))
		if err != nil || c.Server != "https://"+text || string(c.CA) != text || c.User != "u"+text || c.Token.Reveal() != text {
			t.Errorf("%q reads back as server %q, CA %q, user %q, token %q, %v", text, c.Server, c.CA, c.User, c.Token.Reveal(), err)
		}
	}
}

func TestAFileThatKubectlMadeIsRead(t *testing.T) {
	content, err := os.ReadFile("testdata/by-kubectl")
	if err != nil {
		t.Fatal(err)
	}
	c, err := kubeconfig.Parse(content)
	if err != nil || c.Server != "https://10.0.0.2:6443" || string(c.CA) != "CA\n" || c.User != "kubelet" || c.Token.Reveal() != "tok" {
		t.Errorf("%+v, token %q, %v", c, c.Token.Reveal(), err)
	}
}

func TestForeignContentIsRefusedWithoutShowingIt(t *testing.T) {
	good := string(kubeconfig.Render("https://s", ca, "kubelet", secret.New("hunter2")))
	for name, content := range map[string]string{
		"nothing":          "",
		"no YAML":          "a: [hunter2",
		"a list":           "- hunter2",
		"another kind":     strings.Replace(good, "kind: Config", "kind: Secret", 1),
		"wrong types":      strings.Replace(good, "clusters:", "clusters: hunter2\nx:", 1),
		"no such context":  strings.Replace(good, "current-context: juju-context", "current-context: x", 1),
		"a CA that is not": strings.Replace(good, "certificate-authority-data: ", "certificate-authority-data: '*hunter2*' #", 1),
		"no server":        strings.Replace(good, "server: https://s", "server: ''", 1),
		"too large":        good + "#" + strings.Repeat("x", 2<<20),
	} {
		_, err := kubeconfig.Parse([]byte(content))
		if !errors.Is(err, kubeconfig.ErrForeign) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDifferencesNameNoSecret(t *testing.T) {
	from := kubeconfig.Render("https://a", []byte("ca1"), "kubelet", secret.New("hunter2"))
	to := kubeconfig.Render("https://b", []byte("ca2"), "root", secret.New("hunter3"))
	want := []string{"server: https://a → https://b", "certificate authority", "user", "token"}
	if got := kubeconfig.Differences(from, to); !slices.Equal(got, want) {
		t.Errorf("Differences = %q", got)
	}
	if got := kubeconfig.Differences(from, from); len(got) > 0 {
		t.Errorf("Differences from itself = %q", got)
	}
	if got := kubeconfig.Differences([]byte("junk"), to); len(got) > 0 {
		t.Errorf("Differences from junk = %q", got)
	}
}

func TestPickServerIsStableAndSpreads(t *testing.T) {
	listed := []string{"https://b", "https://a", "https://c", "https://a", ""}
	for _, c := range []struct {
		current string
		listed  []string
		unit    int
		want    string
	}{
		{"", nil, 0, ""},
		{"https://gone", nil, 0, ""},
		{"", []string{""}, 3, ""},
		{"", listed, 0, "https://a"},
		{"", listed, 1, "https://b"},
		{"", listed, 2, "https://c"},
		{"", listed, 3, "https://a"},
		{"", listed, -1, "https://a"},
		{"https://c", listed, 0, "https://c"},
		{"https://gone", listed, 1, "https://b"},
	} {
		before := slices.Clone(c.listed)
		if got := kubeconfig.PickServer(c.current, c.listed, c.unit); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		if !slices.Equal(before, c.listed) {
			t.Errorf("%+v: the list was changed", c)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(kubeconfig.Render("https://s", ca, "kubelet", secret.New("t")))
	f.Add([]byte("kind: Config\nclusters: &x [*x]\n"))
	f.Add([]byte("kind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {user: 1, cluster: true}}]\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := kubeconfig.Parse(content)
		if err != nil {
			return
		}
		again, err := kubeconfig.Parse(kubeconfig.Render(c.Server, c.CA, c.User, c.Token))
		if err != nil || again.Server != c.Server || !bytes.Equal(again.CA, c.CA) || again.User != c.User || again.Token != c.Token {
			t.Errorf("%q: %+v reads back as %+v, %v", content, c, again, err)
		}
	})
}

func TestAFileOfKubectlLeadsToTheSame(t *testing.T) {
	have, err := os.ReadFile("testdata/by-kubectl")
	if err != nil {
		t.Fatal(err)
	}
	same := func(server, ca, user, token string) bool {
		return kubeconfig.Same(have, kubeconfig.Render(server, []byte(ca), user, secret.New(token)))
	}
	if !same("https://10.0.0.2:6443", "CA\n", "kubelet", "tok") || !same("https://10.0.0.2:6443", "CA", "kubelet", "tok") {
		t.Error("it is taken for another")
	}
	if same("https://10.0.0.3:6443", "CA\n", "kubelet", "tok") || same("https://10.0.0.2:6443", "CB\n", "kubelet", "tok") ||
		same("https://10.0.0.2:6443", "CA\n", "root", "tok") || same("https://10.0.0.2:6443", "CA\n", "kubelet", "other") || kubeconfig.Same(nil, have) {
		t.Error("another is taken for it")
	}
}
