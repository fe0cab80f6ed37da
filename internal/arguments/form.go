package arguments

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// Form is the way in which a snap takes the arguments of its daemon.
type Form int

// The two forms (specification, lifecycle 7).
const (
	FormPerKey Form = iota // one snap option for each flag
	FormRaw                // one snap option, RawKey, with the whole text
)

// RawKey is the snap option that holds the whole text of the raw form.
const RawKey = "args"

// FormFor tells which form to use for a Kubernetes release: the snaps built for 1.15 and later all know the raw form.
func FormFor(v kubeversion.Version) Form {
	if release.Has(v, release.PerKeyArguments) {
		return FormPerKey
	}
	return FormRaw
}

// String names the form.
func (f Form) String() string {
	if f == FormRaw {
		return "raw"
	}
	return "per-key"
}

// The snap's wrapper lets bash read the arguments file, in which each value stands between double quotes. These four
// characters are the ones bash interprets there; a backslash before them makes it take them as they are.
const shellSpecial = "\\\"$`"

func escape(value string) string {
	var b strings.Builder
	for i := range len(value) {
		if strings.IndexByte(shellSpecial, value[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// unescape undoes escape. A backslash before any other character stays, as bash has it.
func unescape(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && strings.IndexByte(shellSpecial, value[i+1]) >= 0 {
			i++
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

func check(set Set) error {
	for _, a := range set.All() {
		if !ValidKey(a.Key) {
			return fmt.Errorf("cannot write argument %q: %s", shorten(a.Key), keyGrammar)
		}
		if fault := valueFault(a.Value); fault != "" {
			return fmt.Errorf("cannot write argument %q: %s", a.Key, fault)
		}
	}
	return nil
}

// Raw writes the set in the raw form, sorted: --a="1" --b="2". Values are escaped so that the daemon gets each of them
// byte by byte. It fails on keys and values that no arguments file can hold.
func Raw(set Set) (string, error) {
	if err := check(set); err != nil {
		return "", err
	}
	words := make([]string, 0, set.Len())
	for _, a := range set.All() {
		words = append(words, `--`+a.Key+`="`+escape(a.Value)+`"`)
	}
	return strings.Join(words, " "), nil
}

// PerKey writes the set as snap options. All values are strings, for snapd keeps the type it is given and "true" or "10"
// must not come back as something else. They are escaped as in Raw, because the snap's hook copies them unchanged into
// the file that bash reads. The map is meant for one PUT; it holds no entry for keys to be removed.
func PerKey(set Set) (map[string]string, error) {
	if err := check(set); err != nil {
		return nil, err
	}
	options := make(map[string]string, set.Len())
	for _, a := range set.All() {
		options[a.Key] = escape(a.Value)
	}
	return options, nil
}

// ParseRaw reads a text that Raw wrote. Anything else, for instance what a person put there, is an error: then what the
// daemon runs with is not known.
func ParseRaw(text string) (Set, error) {
	var args []Argument
	rest := text
	for rest != "" {
		key, tail, found := strings.Cut(rest, `="`)
		end := closingQuote(tail)
		if !found || !strings.HasPrefix(key, "--") || end < 0 {
			return Set{}, fmt.Errorf("cannot read snap arguments: they are not in the form this charm writes")
		}
		args = append(args, Argument{Key: key[2:], Value: unescape(tail[:end])})
		rest = tail[end+1:]
		if rest != "" {
			if rest = strings.TrimPrefix(rest, " "); rest == "" {
				return Set{}, fmt.Errorf("cannot read snap arguments: nothing follows the last blank")
			}
		}
	}
	set := NewSet(args...)
	if again, err := Raw(set); err != nil || again != text {
		return Set{}, fmt.Errorf("cannot read snap arguments: they are not in the form this charm writes")
	}
	return set, nil
}

// closingQuote finds the double quote that ends a value; -1 where none does.
func closingQuote(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
