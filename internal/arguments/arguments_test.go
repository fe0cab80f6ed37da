package arguments_test

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
)

func TestParseReadsItems(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []arguments.Argument
	}{
		"nothing":                        {"", nil},
		"only white space":               {" \t\n ", nil},
		"key and value":                  {"max-pods=50", []arguments.Argument{{"max-pods", "50"}}},
		"a bare key means true":          {"fail-swap-on", []arguments.Argument{{"fail-swap-on", "true"}}},
		"an empty value stays empty":     {"cloud-provider=", []arguments.Argument{{"cloud-provider", ""}}},
		"split at the first equals sign": {"feature-gates=A=true,B=false", []arguments.Argument{{"feature-gates", "A=true,B=false"}}},
		"leading dashes are taken off":   {"--v=2 --runonce", []arguments.Argument{{"v", "2"}, {"runonce", "true"}}},
		"any white space separates":      {"a=1\tb=2\nc=3", []arguments.Argument{{"a", "1"}, {"b", "2"}, {"c", "3"}}},
		"the later duplicate wins":       {"v=1 a=1 --v=2", []arguments.Argument{{"a", "1"}, {"v", "2"}}},
		"a value may hold signs":         {"eviction-hard=memory.available<10%,nodefs.available<5%", []arguments.Argument{{"eviction-hard", "memory.available<10%,nodefs.available<5%"}}},
		"quotes are no quoting":          {`x="a b"`, []arguments.Argument{{"x", `"a`}}},
	} {
		got, problems := arguments.Parse("kubelet-extra-args", c.text)
		if name == "quotes are no quoting" {
			if len(problems) != 1 || problems[0].Item != `b"` {
				t.Errorf("%s: problems = %v", name, problems)
			}
		} else if len(problems) > 0 {
			t.Errorf("%s: problems = %v", name, problems)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: Parse(%q) = %v, want %v", name, c.text, got, c.want)
		}
	}
}

func TestParseReportsBadItemsAndKeepsTheOthers(t *testing.T) {
	for item, mentions := range map[string]string{
		"Max-Pods=1":    "lower-case",
		"max_pods=1":    "lower-case",
		"max.pods=1":    "lower-case",
		"max--pods=1":   "single dashes",
		"-v=1":          "single dashes",
		"v-=1":          "single dashes",
		"---v=1":        "single dashes",
		"10=1":          "letter",
		"=1":            "letter",
		"--":            "letter",
		"ä=1":           "lower-case",
		"$(reboot)=1":   "lower-case",
		"v=a\x00b":      "control character",
		"v=a\x1bb":      "control character",
		"v=\xff":        "UTF-8",
		"v=a\u0090b":    "control character",
		"key=hunter2\a": "control character",
	} {
		got, problems := arguments.Parse("proxy-extra-args", "a=1 "+item+" b=2")
		if !slices.Equal(got, []arguments.Argument{{"a", "1"}, {"b", "2"}}) {
			t.Errorf("%q: arguments = %v", item, got)
		}
		if len(problems) != 1 {
			t.Errorf("%q: problems = %v", item, problems)
			continue
		}
		message := problems[0].Error()
		if !strings.HasPrefix(message, "proxy-extra-args: ") || !strings.Contains(message, mentions) {
			t.Errorf("%q: message %q", item, message)
		}
		if strings.Contains(message, "hunter2") {
			t.Errorf("%q: the message shows the value: %s", item, message)
		}
	}
}

func TestALongBadItemDoesNotFloodTheMessage(t *testing.T) {
	_, problems := arguments.Parse("kubelet-extra-args", strings.Repeat("X", 10000))
	if len(problems) != 1 || len(problems[0].Error()) > 300 {
		t.Errorf("problems = %.400v", problems)
	}
}

func TestDiffNamesEachChange(t *testing.T) {
	from := arguments.NewSet(arguments.Argument{Key: "max-pods", Value: "110"}, arguments.Argument{Key: "v", Value: "0"},
		arguments.Argument{Key: "network-plugin", Value: "cni"})
	to := arguments.NewSet(arguments.Argument{Key: "max-pods", Value: "50"}, arguments.Argument{Key: "v", Value: "0"},
		arguments.Argument{Key: "address", Value: "0.0.0.0"})
	want := []string{"address: added (0.0.0.0)", "max-pods: 110 → 50", "network-plugin: removed (cni)"}
	if got := arguments.Diff(from, to); !slices.Equal(got, want) {
		t.Errorf("Diff = %q, want %q", got, want)
	}
	if got := arguments.Diff(from, from); got != nil {
		t.Errorf("Diff of equal sets = %q", got)
	}
}

func TestSetsAreSortedAndNotChangedByWith(t *testing.T) {
	first := arguments.NewSet(arguments.Argument{Key: "b", Value: "1"}, arguments.Argument{Key: "a", Value: "1"})
	second := first.With(arguments.Argument{Key: "b", Value: "2"}, arguments.Argument{Key: "c", Value: "3"})
	if first.String() != "--a=1 --b=1" || second.String() != "--a=1 --b=2 --c=3" {
		t.Errorf("first %v, second %v", first, second)
	}
	if first.Equal(second) || !first.Equal(arguments.NewSet(first.All()...)) || first.Len() != 2 {
		t.Error("Equal or Len is wrong")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "a=1 --b c=$x", "A=1", "x=\x00", "--v=2 v=3", "a=\"`\\$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		args, problems := arguments.Parse("o", text)
		if len(args)+len(problems) > len(strings.Fields(text)) {
			t.Fatalf("%q: %d arguments and %d problems of fewer items", text, len(args), len(problems))
		}
		set := arguments.NewSet(args...)
		if set.Len() != len(args) {
			t.Fatalf("%q: duplicate keys in %v", text, args)
		}
		raw, err := arguments.Raw(set)
		if err != nil {
			t.Fatalf("%q was accepted but cannot be written: %v", text, err)
		}
		again, err := arguments.ParseRaw(raw)
		if err != nil || !again.Equal(set) {
			t.Fatalf("%q: %q reads back as %v, %v", text, raw, again, err)
		}
	})
}

func TestANameOfAWholeFileIsRefusedInOneLine(t *testing.T) {
	for length, problems := range map[int]int{128: 0, 129: 1, 1 << 20: 1} {
		_, got := arguments.Parse("kubelet-extra-args", strings.Repeat("a", length)+"=1")
		if len(got) != problems || problems == 1 && len(got[0].Error()) > 300 {
			t.Errorf("a name of %d letters: %d problems, want %d", length, len(got), problems)
		}
	}
}
