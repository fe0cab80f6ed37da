package probe

import "strings"

// challenge is one way in which a registry lets people in.
type challenge struct {
	scheme     string // lower case
	parameters map[string]string
}

// readChallenges reads WWW-Authenticate headers, each with one challenge as registries write them: a scheme, and
// parameters separated by commas, with or without quotes. What it does not understand it leaves out.
func readChallenges(headers []string) []challenge {
	var all []challenge
	for _, header := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
		c := challenge{scheme: strings.ToLower(scheme), parameters: map[string]string{}}
		for rest != "" {
			var name, value string
			name, rest, _ = strings.Cut(rest, "=")
			value, rest = readValue(rest)
			c.parameters[strings.ToLower(strings.Trim(name, ", \t"))] = value
		}
		if c.scheme != "" {
			all = append(all, c)
		}
	}
	return all
}

// readValue reads a value at the beginning of a text, and gives what is behind it.
func readValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if i++; i < len(text) {
				b.WriteByte(text[i])
			}
		case '"':
			return b.String(), text[i+1:]
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), ""
}
