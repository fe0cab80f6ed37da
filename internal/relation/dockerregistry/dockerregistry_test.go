package dockerregistry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/dockerregistry"
	"kubernetes-worker/internal/relation/relationtest"
)

// texts are the PEM texts by the name under which the recorded bags hold them.
var texts = sync.OnceValue(func() map[string]string {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(7)}, &x509.Certificate{}, key.Public(), key)
	must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	return map[string]string{
		"{ca}":  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"{key}": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
})

func filled(value string) string {
	for name, text := range texts() {
		quoted, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		value = strings.ReplaceAll(value, name, strings.Trim(string(quoted), `"`))
	}
	return value
}

// shown is the facts as a golden file shows them.
func shown(f dockerregistry.Facts) any {
	return struct {
		Joined                              bool
		App, Netloc, Username, Password, CA string
		Insecure                            bool
	}{f.Joined, f.App, f.Netloc, f.Username, f.Password.Reveal(), strings.ReplaceAll(string(f.CA), texts()["{ca}"], "{ca}"), f.Insecure()}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			for _, rel := range c.Relations {
				for _, unit := range rel.Units {
					for key, value := range unit.Data {
						unit.Data[key] = filled(value)
					}
				}
			}
			facts, problems := dockerregistry.Decode(c.Relations)
			c.Check(t, shown(facts), problems)
		})
	}
}

var keys = []string{"registry_netloc", "basic_user", "basic_password", "tls_ca"}

func goodBag() relation.Bag {
	return relation.Bag{"registry_netloc": `"registry.test:5000"`, "basic_user": `"admin"`, "basic_password": `"secret"`, "tls_ca": filled(`"{ca}"`)}
}

// spoiled puts one value into a good unit; behind it comes another good one if that is wanted.
func spoiled(key, value string, behind bool) []relation.Relation {
	first := goodBag()
	first[key] = value
	rel := relation.Relation{ID: "docker-registry:1", Endpoint: "docker-registry", App: "r", Units: []relation.Unit{{Name: "r/0", Data: first}}}
	if behind {
		second := goodBag()
		second["registry_netloc"] = `"second.test"`
		rel.Units = append(rel.Units, relation.Unit{Name: "r/1", Data: second})
	}
	return []relation.Relation{rel}
}

func TestJunkHidesNothingAndIsNotTold(t *testing.T) {
	for description, value := range relationtest.Junk() {
		for _, key := range keys {
			facts, problems := dockerregistry.Decode(spoiled(key, value, true))
			// Many texts are good passwords and user names.
			if facts.Netloc != "second.test" && (key == "registry_netloc" || key == "tls_ca") && strings.TrimSpace(value) != "" {
				t.Errorf("%s in %s hides the good unit: %+v", description, key, shown(facts))
			}
			if facts.Netloc == "" {
				t.Errorf("%s in %s: nothing is usable", description, key)
			}
			for _, p := range problems {
				if p.Unit != "r/0" || p.Endpoint != "docker-registry" || strings.Contains(p.Reason, "hunter2") {
					t.Errorf("%s in %s: %s", description, key, p)
				}
			}
		}
	}
}

func TestARegistryWhoseAuthorityCannotBeReadIsNotTakenForOneWithoutTLS(t *testing.T) {
	for _, value := range []string{`"x"`, `7`, `["x"]`, filled(`"{key}"`), filled(`"{ca}{key}"`), `"` + strings.Repeat("a", 1<<20) + `"`} {
		facts, problems := dockerregistry.Decode(spoiled("tls_ca", value, false))
		if facts.Netloc != "" || facts.Insecure() || len(problems) != 1 || problems[0].Key != "tls_ca" {
			t.Errorf("%.20s: %+v, %v", value, shown(facts), problems)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for key, value := range goodBag() {
		f.Add(key, value)
	}
	f.Add("registry_netloc", `"[::1]:5000"`)
	f.Add("registry_netloc", `"../x"`)
	f.Fuzz(func(t *testing.T, key, value string) {
		facts, problems := dockerregistry.Decode(spoiled(key, value, false))
		relationtest.NoLeak(t, problems, value)
		if facts.Netloc == "" {
			if facts.Username != "" || facts.CA != nil {
				t.Errorf("half of a unit is used: %+v", shown(facts))
			}
			return
		}
		if again, ok := registry.Netloc(facts.Netloc); !ok || again != facts.Netloc || strings.ContainsAny(facts.Netloc, "/\\\"' \n$%") || strings.Trim(facts.Netloc, ".") == "" {
			t.Errorf("netloc %q is let through", facts.Netloc)
		}
		if (facts.Username == "") != facts.Password.Empty() {
			t.Error("half a login")
		}
		if len(facts.CA) > 0 && !x509.NewCertPool().AppendCertsFromPEM(facts.CA) {
			t.Errorf("CA %q", facts.CA)
		}
	})
}
