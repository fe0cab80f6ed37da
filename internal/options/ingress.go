package options

import (
	"errors"
	"fmt"
	"strings"

	"kubernetes-worker/internal/registry"
)

// readImage reads the name of an image. "auto" and nothing mean the one that fits, which is the empty text.
func readImage(field func(*Options) *string) func(*reader) error {
	return func(r *reader) error {
		text, ok, err := r.text()
		if err != nil || !ok {
			return err
		}
		text = strings.TrimSpace(text)
		if text == "auto" || text == "" {
			*field(r.into) = ""
			return nil
		}
		if reason := registry.CheckImage(text); reason != "" {
			if hasControl(text) {
				return errors.New("it holds a line break or another control character")
			}
			return fmt.Errorf("%q %s; correct it, or set it to auto", shorten(text), reason)
		}
		*field(r.into) = text
		return nil
	}
}
