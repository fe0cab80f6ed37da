package options_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
)

func TestImagesOfTheIngressAreRead(t *testing.T) {
	for value, want := range map[string]string{"": "", "auto": "", " auto ": "", "registry.test/nginx:1": "registry.test/nginx:1"} {
		o, findings := options.Parse(map[string]any{"nginx-image": value, "default-backend-image": value})
		if len(findings) > 0 || o.NginxImage != want || o.BackendImage != want || !o.Ingress {
			t.Errorf("%q: %+v, %v", value, o, findings)
		}
	}
}

func TestABadImageIsNamedAndTheLastGoodOneStays(t *testing.T) {
	for _, value := range []any{"Not An Image", "a\nb", strings.Repeat("x", 1<<20), "\xff", true, "$(reboot)"} {
		for _, name := range []string{"nginx-image", "default-backend-image"} {
			o, findings := options.ParseKeeping(map[string]any{name: value}, map[string]any{name: "good:1"})
			if len(findings) != 1 || findings[0].Severity != options.Blocked || !strings.HasPrefix(findings[0].Message, name+": ") || len(findings[0].Message) > 300 {
				t.Errorf("%.20v: %v", value, findings)
			}
			if o.NginxImage+o.BackendImage != "good:1" {
				t.Errorf("%.20v: %q and %q are in force", value, o.NginxImage, o.BackendImage)
			}
		}
	}
}

func TestSwitchesOfTheIngressAreRead(t *testing.T) {
	o, findings := options.Parse(map[string]any{"ingress": false, "ingress-ssl-chain-completion": true})
	if o.Ingress || !o.ChainCompletion || len(findings) > 0 {
		t.Errorf("%+v, %v", o, findings)
	}
	o, findings = options.ParseKeeping(map[string]any{"ingress": "no"}, map[string]any{"ingress": false})
	if o.Ingress || len(findings) != 1 {
		t.Errorf("%+v, %v", o, findings)
	}
}
