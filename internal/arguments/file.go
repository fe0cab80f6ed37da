package arguments

import (
	"errors"
	"strings"
)

// ParseFile reads the arguments file that a snap's wrapper lets bash expand, whoever wrote it: words with blanks or line
// ends between them, perhaps partly in quotes. Of arguments with the same key the last one counts. Where bash would do more
// than take the quotes off, what the daemon got is not known, and that is an error.
func ParseFile(content []byte) (Set, error) {
	var args []Argument
	rest := string(content)
	for {
		word, tail, err := nextWord(strings.TrimLeft(rest, " \t\n"))
		if err != nil {
			return Set{}, err
		}
		if word == "" {
			return NewSet(args...), nil
		}
		rest = tail
		key, value, found := strings.Cut(word, "=")
		if !found {
			value = "true"
		}
		name := strings.TrimPrefix(key, "--")
		if name == key || !ValidKey(name) {
			return Set{}, errors.New("cannot read arguments: a word is no argument")
		}
		args = append(args, Argument{Key: name, Value: value})
	}
}

// nextWord takes the first word off a text as bash splits it.
func nextWord(text string) (word, rest string, err error) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && quote != '\'':
			if i++; i == len(text) {
				return "", "", errors.New("cannot read arguments: they end in a backslash")
			}
			if quote == '"' && strings.IndexByte(shellSpecial, text[i]) < 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(text[i])
		case quote != '\'' && (c == '$' || c == '`'), quote == 0 && strings.IndexByte("#&|;<>()*?[]{}~!", c) >= 0:
			return "", "", errors.New("cannot read arguments: a shell would expand them")
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote && quote != 0:
			quote = 0
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			return b.String(), text[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", "", errors.New("cannot read arguments: a quote is not closed")
	}
	return b.String(), "", nil
}

// Without returns the set without the arguments of which drop says so.
func (s Set) Without(drop func(Argument) bool) Set {
	var kept []Argument
	for _, a := range s.All() {
		if !drop(a) {
			kept = append(kept, a)
		}
	}
	return NewSet(kept...)
}
