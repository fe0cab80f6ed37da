package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/secret"
)

func TestNoWayOfPrintingShowsTheSecret(t *testing.T) {
	v := secret.New("hunter2")
	type holder struct{ Token secret.Value }
	h := holder{v}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "token", v, "holder", h)
	forms := []string{string(asJSON), string(asYAML), logged.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		forms = append(forms, fmt.Sprintf(verb, v), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, []secret.Value{v}))
	}
	for _, form := range forms {
		if strings.Contains(form, "hunter2") || strings.Contains(form, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("the secret shows in %q", form)
		}
	}
	if v.Reveal() != "hunter2" {
		t.Errorf("Reveal() = %q", v.Reveal())
	}
}

func TestEmptySecretSaysSo(t *testing.T) {
	if !(secret.Value{}).Empty() || secret.New("x").Empty() {
		t.Error("Empty() is wrong")
	}
}
