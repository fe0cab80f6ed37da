package snapd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Acknowledge gives the daemon signed assertions, one after another with blank lines between them. It takes them only if
// it can follow their signatures to a key that it trusts; it keeps what it has already.
func (c *Client) Acknowledge(ctx context.Context, assertions string) error {
	const op = "acknowledge assertions"
	_, err := c.call(ctx, request{
		op: op, method: http.MethodPost, path: "/v2/assertions", timeout: c.settings.ReadTimeout,
		contentType: "application/x.ubuntu.assertion", length: int64(len(assertions)),
		body: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(assertions)), nil },
	})
	return err
}

// StoreOf finds the identity of the store that a stream of assertions is about: the header "store" of the assertion of
// the type "store" in it. It checks no signature.
func StoreOf(assertions string) (string, error) {
	for rest := strings.TrimLeft(assertions, "\n"); rest != ""; rest = strings.TrimLeft(rest, "\n") {
		headers, after, ok := nextAssertion(rest)
		if !ok {
			return "", fmt.Errorf("cannot read the assertions: one is cut off or has no form")
		}
		if headers["type"] == "store" && headers["store"] != "" {
			return headers["store"], nil
		}
		rest = after
	}
	return "", fmt.Errorf("cannot read the assertions: none is about a store")
}

// nextAssertion splits the first assertion off: header lines, a blank line, a body of body-length bytes where there is
// one, a blank line and the signature, up to the next blank line or the end.
func nextAssertion(text string) (headers map[string]string, rest string, ok bool) {
	head, rest, ok := strings.Cut(text, "\n\n")
	if !ok {
		return nil, "", false
	}
	headers = map[string]string{}
	for line := range strings.SplitSeq(head, "\n") {
		// Lines that begin with a blank belong to a list or to a text of several lines, which nobody needs here.
		if name, value, found := strings.Cut(line, ": "); found && !strings.HasPrefix(line, " ") {
			headers[name] = value
		}
	}
	if text, has := headers["body-length"]; has {
		length, err := strconv.Atoi(text)
		if err != nil || length < 0 || length > len(rest) {
			return nil, "", false
		}
		if length > 0 {
			if rest, ok = strings.CutPrefix(rest[length:], "\n\n"); !ok {
				return nil, "", false
			}
		}
	}
	_, rest, _ = strings.Cut(rest, "\n\n")
	return headers, rest, headers["type"] != ""
}
