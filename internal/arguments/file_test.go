package arguments_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
)

func TestAnArgumentsFileIsReadAsBashReadsIt(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		" \n\t":                             "",
		"--a=\"1\" --b=\"x y\"\n--c\n":      "--a=1 --b=x y --c=true",
		"--a=1\n--a=\"2\"\n":                "--a=2",
		`--a="\$x\"\\ \n"`:                  `--a=$x"\ \n`,
		`--a='$x "y"' --b=a\ b`:             `--a=$x "y" --b=a b`,
		"--allow-privileged\n--v=\"0\"":     "--allow-privileged=true --v=0",
		`--c=`:                              "--c=",
		`--node-labels="a=b,c=d" --d="{1}"`: "--d={1} --node-labels=a=b,c=d",
	} {
		set, err := arguments.ParseFile([]byte(text))
		if err != nil || set.String() != want {
			t.Errorf("%q: %q, %v; want %q", text, set, err, want)
		}
	}
	for _, text := range []string{`--a="1`, `--a='1`, `--a=\`, "--a=$HOME", "--a=`id`", `--a="$(id)"`, "a", "-v=1", "--v 1", "--=1", "--a=1;b", "# --a=1", "--a=*"} {
		if set, err := arguments.ParseFile([]byte(text)); err == nil || strings.Contains(err.Error(), "HOME") {
			t.Errorf("%q: %q, %v; want an error that holds nothing of it", text, set, err)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte("--a=\"1\" --b='x' --c\n"))
	f.Add([]byte(`--a="\"" \`))
	f.Fuzz(func(t *testing.T, content []byte) {
		set, err := arguments.ParseFile(content)
		if err != nil {
			return
		}
		raw, err := arguments.Raw(set)
		if err != nil {
			return // a value that this charm does not write
		}
		if again, err := arguments.ParseFile([]byte(raw)); err != nil || !again.Equal(set) {
			t.Errorf("%q: %q, %v; want %q", raw, again, err, set)
		}
	})
}
