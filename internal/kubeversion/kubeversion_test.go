package kubeversion_test

import (
	"testing"

	"kubernetes-worker/internal/kubeversion"
)

func TestParseFindsTheVersion(t *testing.T) {
	for text, want := range map[string]string{
		"Kubernetes v1.12.1\n":                 "1.12.1",
		"Kubernetes v1.36.0-rc.1":              "1.36.0-rc.1",
		"1.9.11":                               "1.9.11",
		"Kubernetes v1.18.9+k3s1":              "1.18.9",
		"Kubernetes v1.31.2-eks-94953ac+abcd1": "1.31.2-eks-94953ac",
	} {
		if v, err := kubeversion.Parse(text); err != nil || v.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", text, v, err, want)
		}
	}
	for _, text := range []string{"", "Kubernetes", "v1.2", "v1.x.3", "v99999999.1.1"} {
		if v, err := kubeversion.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, v)
		}
	}
}

func TestParseChannelKnowsWhichChannelsNameARelease(t *testing.T) {
	for channel, want := range map[string]kubeversion.Version{
		"1.12/stable": {Major: 1, Minor: 12}, "1.36": {Major: 1, Minor: 36}, "1.29-eksd/edge/fix": {Major: 1, Minor: 29},
	} {
		if v, ok := kubeversion.ParseChannel(channel); !ok || v != want {
			t.Errorf("ParseChannel(%q) = %v, %v", channel, v, ok)
		}
	}
	for _, channel := range []string{"", "stable", "latest/edge", "x.y/stable"} {
		if v, ok := kubeversion.ParseChannel(channel); ok {
			t.Errorf("ParseChannel(%q) = %v, want none", channel, v)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Kubernetes v1.12.1")
	f.Add("v1.2.3-rc.1+x")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := kubeversion.Parse(text)
		if err != nil {
			return
		}
		again, err := kubeversion.Parse(v.String())
		if err != nil || again != v {
			t.Errorf("%q: %v does not read back: %v, %v", text, v, again, err)
		}
	})
}
