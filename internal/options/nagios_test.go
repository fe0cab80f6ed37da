package options_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
)

func TestNagiosOptionsCannotBreakOutOfTheirFiles(t *testing.T) {
	for _, c := range []struct {
		option options.Option
		value  any
		bad    string // what the finding begins with; empty: the value is good
	}{
		{options.NagiosContext, "site-1", ""},
		{options.NagiosContext, "", ""},
		{options.NagiosContext, "../x", "nagios_context: it has other characters"},
		{options.NagiosContext, "a\nb", "nagios_context: it has other characters"},
		{options.NagiosContext, strings.Repeat("a", 1<<20), "nagios_context: it is longer than 128 characters"},
		{options.NagiosContext, int64(3), "nagios_context: it comes as a int64"},
		{options.NagiosServicegroups, "web, db", ""},
		{options.NagiosServicegroups, "a}\ndefine host {", "nagios_servicegroups: it has other characters"},
		{options.NagiosServicegroups, "$USER1$", "nagios_servicegroups: it has other characters"},
		{options.EnableCgroups, true, ""},
		{options.EnableCgroups, "true", "enable-cgroups: it comes as a string"},
	} {
		_, findings := options.Parse(map[string]any{string(c.option): c.value})
		switch {
		case c.bad == "" && len(findings) > 0, c.bad != "" && (len(findings) != 1 || !strings.HasPrefix(findings[0].Message, c.bad)):
			t.Errorf("%s=%.20q: %v, want %q", c.option, c.value, findings, c.bad)
		}
	}
}

func TestGroupsOfServicesAreTheContextWhereNoneAreNamed(t *testing.T) {
	for groups, want := range map[string]string{"": "site", "web": "web"} {
		o, _ := options.Parse(map[string]any{"nagios_context": "site", "nagios_servicegroups": groups})
		if got := o.ServiceGroups(); got != want {
			t.Errorf("%q: %q, want %q", groups, got, want)
		}
	}
}
