package options

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Channel is a snap channel. Track is "latest" and Risk "stable" where the option leaves them out; Branch may be empty.
type Channel struct{ Track, Risk, Branch string }

// String writes the channel in full, as snapd reports it: 1.12/stable, latest/edge, 1.12/stable/fix-1.
func (c Channel) String() string {
	text := c.Track + "/" + c.Risk
	if c.Branch != "" {
		text += "/" + c.Branch
	}
	return text
}

// ParseChannel reads a channel in any of the forms snapd knows: track, risk, track/risk, risk/branch, track/risk/branch.
func ParseChannel(text string) (Channel, error) {
	if text == "" {
		return Channel{}, errors.New("it is empty; set it to a channel such as 1.12/stable")
	}
	parts := strings.Split(text, "/")
	if len(parts) > 3 {
		return Channel{}, fmt.Errorf("%q has more than three parts; write track/risk/branch, such as 1.12/stable", shorten(text))
	}
	for _, part := range parts {
		if !validPart(part) {
			return Channel{}, fmt.Errorf("%q is no channel; write track/risk, such as 1.12/stable", shorten(text))
		}
	}
	channel := Channel{Track: "latest", Risk: "stable"}
	if !isRisk(parts[0]) {
		channel.Track, parts = parts[0], parts[1:]
	}
	if len(parts) > 0 {
		if !isRisk(parts[0]) {
			return Channel{}, fmt.Errorf("%q names the risk %q; it must be stable, candidate, beta or edge", shorten(text), shorten(parts[0]))
		}
		channel.Risk, parts = parts[0], parts[1:]
	}
	if len(parts) > 0 {
		channel.Branch, parts = parts[0], parts[1:]
	}
	if len(parts) > 0 {
		return Channel{}, fmt.Errorf("%q has a part after its branch; write risk/branch or track/risk/branch", shorten(text))
	}
	return channel, nil
}

func isRisk(part string) bool {
	return slices.Contains([]string{"stable", "candidate", "beta", "edge"}, part)
}

func validPart(part string) bool {
	for _, c := range part {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._+-", c)) {
			return false
		}
	}
	return part != "" && part[0] != '-'
}

func readChannel(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	channel, err := ParseChannel(strings.TrimSpace(text))
	if err != nil {
		return err
	}
	r.into.Channel = channel
	return nil
}
