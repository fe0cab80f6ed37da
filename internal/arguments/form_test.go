package arguments_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
)

func set(pairs ...string) arguments.Set {
	var args []arguments.Argument
	for i := 0; i < len(pairs); i += 2 {
		args = append(args, arguments.Argument{Key: pairs[i], Value: pairs[i+1]})
	}
	return arguments.NewSet(args...)
}

func TestRawIsSortedQuotedAndEscaped(t *testing.T) {
	got, err := arguments.Raw(set("v", "0", "a", `1 $HOME "x" \ `+"`id`"))
	want := `--a="1 \$HOME \"x\" \\ ` + "\\`id\\`" + `" --v="0"`
	if err != nil || got != want {
		t.Errorf("Raw = %q, %v; want %q", got, err, want)
	}
	if got, err := arguments.Raw(arguments.Set{}); got != "" || err != nil {
		t.Errorf("Raw of nothing = %q, %v", got, err)
	}
}

func TestValuesThatNoArgumentsFileCanHoldAreRefused(t *testing.T) {
	for _, bad := range []arguments.Set{set("v", "a\nb"), set("v", "a\x00"), set("v", "\xff"), set("V", "1"), set("a b", "1"), set("", "1")} {
		if raw, err := arguments.Raw(bad); err == nil {
			t.Errorf("Raw(%v) = %q", bad, raw)
		}
		if conf, err := arguments.PerKey(bad); err == nil {
			t.Errorf("PerKey(%v) = %v", bad, conf)
		}
	}
}

// hostile are values that do harm where a shell interprets them.
var hostile = []string{
	"plain", "", " two  blanks ", `"`, `\`, `\\"`, "$HOME", "${HOME}", "$(echo x)", "`echo x`", `a"; touch /tmp/x; "b`, "a'b", "*", "~", "!!", "#x",
	"(a b)", "a\\", "memory.available<10%", "$'\\n'", "<(id)", "ä→", "a=b=c", `{"json": [1, "two"]}`, "\\$x", "$((1+1))", "a;b&c|d>e", "%d%s",
}

// TestTheDaemonGetsTheValues lets a real bash do what the snaps' wrapper does, with both forms.
func TestTheDaemonGetsTheValues(t *testing.T) {
	const wrapper = `declare -a args="($(cat "$1"))"; printf '%s\0' "${args[@]}"`
	file := filepath.Join(t.TempDir(), "args")
	for _, value := range hostile {
		wanted := set("a", value, "z", "end")
		raw, err := arguments.Raw(wanted)
		if err != nil {
			t.Fatal(err)
		}
		options, err := arguments.PerKey(wanted)
		if err != nil {
			t.Fatal(err)
		}
		perKey := `--a="` + options["a"] + "\"\n" + `--z="` + options["z"] + "\"\n"
		for form, text := range map[string]string{"raw": raw, "per-key": perKey} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("bash", "-c", wrapper, "wrapper", file).Output()
			if want := "--a=" + value + "\x00--z=end\x00"; err != nil || string(out) != want {
				t.Errorf("%s form: the daemon gets %q, %v; want %q", form, out, err, want)
			}
		}
	}
}

func TestRawTextReadsBack(t *testing.T) {
	for _, value := range hostile {
		wanted := set("a", value, "z", "end")
		raw, err := arguments.Raw(wanted)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := arguments.ParseRaw(raw); err != nil || !got.Equal(wanted) {
			t.Errorf("%q reads back as %v, %v", value, got, err)
		}
	}
}

func TestOnlyOurOwnRawTextIsRead(t *testing.T) {
	for _, text := range []string{"--v=0", `--v="0"  --w="1"`, `--v="0" `, ` --v="0"`, `--v="0`, `--v="0"--w="1"`, `v="0"`, `--b="1" --a="1"`,
		`--v="$x"`, `--v="0" --v="1"`, `--V="0"`, "--v=\"a\nb\"", `--v="\q" --w="\\"x`, `--="1"`} {
		if got, err := arguments.ParseRaw(text); err == nil {
			t.Errorf("ParseRaw(%q) = %v", text, got)
		} else if strings.Contains(err.Error(), text) {
			t.Errorf("ParseRaw(%q): the error shows the text: %v", text, err)
		}
	}
}

func TestTheFormFollowsTheRelease(t *testing.T) {
	for version, want := range map[string]arguments.Form{"1.9.11": arguments.FormPerKey, "1.14.10": arguments.FormPerKey, "1.15.0": arguments.FormRaw, "1.36.0": arguments.FormRaw} {
		v, err := kubeversion.Parse(version)
		if err != nil {
			t.Fatal(err)
		}
		if got := arguments.FormFor(v); got != want {
			t.Errorf("FormFor(%s) = %v, want %v", version, got, want)
		}
	}
}

func FuzzParseRaw(f *testing.F) {
	for _, seed := range []string{"", `--a="1" --b="\$x"`, `--a="`, `--a="\\" --b=""`, `--a="1" `} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := arguments.ParseRaw(text)
		if err != nil {
			return
		}
		if again, err := arguments.Raw(set); err != nil || again != text {
			t.Errorf("%q was read as %v, which is written as %q, %v", text, set, again, err)
		}
	})
}
