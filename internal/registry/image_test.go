package registry_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/registry"
)

func TestNamesOfImagesAreChecked(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0a", 32)
	for text, good := range map[string]bool{
		"nginx":              true,
		"library/nginx:1.27": true,
		"registry.k8s.io/ingress-nginx/controller:v1.15.1":      true,
		"registry.example.com:5000/a/b__c-d.e:V_1.2-x" + digest: true,
		"localhost/nginx" + digest:                              true,
		"[2001:db8::1]:5000/nginx":                              true,
		"10.0.0.1:5000/nginx":                                   true,
		"":                                                      false,
		"Nginx":                                                 false,
		"a/Nginx:1":                                             false,
		"nginx:":                                                false,
		"nginx:-1":                                              false,
		"nginx 1":                                               false,
		"nginx\n":                                               false,
		"https://registry.test/nginx":                           false,
		"registry.test//nginx":                                  false,
		"nginx@sha256:0a":                                       false,
		"../nginx":                                              false,
		"nginx:$(X)":                                            false,
		"nginx:%s":                                              false,
		"n\x80":                                                 false,
		strings.Repeat("a", 600):                                false,
	} {
		if reason := registry.CheckImage(text); (reason == "") != good {
			t.Errorf("%q: %q", text, reason)
		}
	}
}

func FuzzNamesOfImages(f *testing.F) {
	f.Add("registry.k8s.io/ingress-nginx/controller:v1.15.1")
	f.Fuzz(func(t *testing.T, text string) {
		if registry.CheckImage(text) == "" && (text == "" || strings.ContainsAny(text, " \t\n\r\"'`$%\\<>{}|;&") || strings.HasPrefix(text, "-")) {
			t.Errorf("%q passes", text)
		}
	})
}
