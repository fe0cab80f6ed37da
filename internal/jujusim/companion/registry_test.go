package companion

import (
	"os"
	"path/filepath"
	"testing"
)

func TestARegistrySaysWhereItIsAndWhoMayPull(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, []byte("PEM\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name          string
		options, want map[string]string
	}{
		{"open", map[string]string{"netloc": "10.0.0.9:5000"}, map[string]string{
			"registry_netloc": `"10.0.0.9:5000"`, "registry_url": `"http://10.0.0.9:5000"`, "basic_user": "null", "basic_password": "null", "tls_ca": "null"}},
		{"closed", map[string]string{"netloc": "r.test", "user": "me", "password": "pw", "tls-ca": ca}, map[string]string{
			"registry_netloc": `"r.test"`, "registry_url": `"https://r.test"`, "basic_user": `"me"`, "basic_password": `"pw"`, "tls_ca": `"PEM\n"`}},
		{"silent", map[string]string{"say": "nothing"}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world(t, "docker-registry", "docker-registry", 1, test.options, Peer{Name: "worker/0"})
			wantBag(t, reconcile(t, "docker-registry", w).Bags[3]["it/0"], test.want)
		})
	}
}
