package options

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// text reads a string option. No value at all is reported as ok false: the default stays.
func (r *reader) text() (value string, ok bool, err error) {
	switch v := r.value.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	default:
		return "", false, fmt.Errorf("it comes as a %T where a string is wanted; check that the charm and its configuration belong together", v)
	}
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// Privileged is the value of allow-privileged.
type Privileged string

// The values of allow-privileged.
const (
	PrivilegedTrue  Privileged = "true"
	PrivilegedFalse Privileged = "false"
	PrivilegedAuto  Privileged = "auto"
)

func readAllowPrivileged(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	switch p := Privileged(strings.ToLower(strings.TrimSpace(text))); p {
	case PrivilegedTrue, PrivilegedFalse, PrivilegedAuto:
		r.into.AllowPrivileged = p
		return nil
	default:
		return fmt.Errorf("%q is not known; set it to true, false or auto", shorten(text))
	}
}

// readBool reads a boolean, which Juju itself checks.
func readBool(field func(*Options) *bool) func(*reader) error {
	return func(r *reader) error {
		switch v := r.value.(type) {
		case nil:
			return nil
		case bool:
			*field(r.into) = v
			return nil
		default:
			return fmt.Errorf("it comes as a %T where a boolean is wanted; set it to true or false", v)
		}
	}
}

// Runtime is the value of docker_runtime. It says where docker comes from; whether docker is used at all depends on the
// Kubernetes release.
type Runtime string

// The values of docker_runtime.
const (
	RuntimeAuto     Runtime = "auto"
	RuntimeApt      Runtime = "apt"
	RuntimeUpstream Runtime = "upstream"
	RuntimeNvidia   Runtime = "nvidia"
)

func readDockerRuntime(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	switch v := Runtime(strings.TrimSpace(text)); v {
	case RuntimeAuto, RuntimeApt, RuntimeUpstream, RuntimeNvidia:
		r.into.DockerRuntime = v
		return nil
	default:
		return fmt.Errorf("%q is not known; set it to one of auto, apt, upstream, nvidia", shorten(text))
	}
}

func readDockerOpts(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if hasControl(text) {
		return errors.New("it holds a line break or another control character; write all daemon options in one line, separated by blanks")
	}
	r.into.DockerOpts = text
	return nil
}

// shorten keeps messages readable when somebody pastes a whole file into an option.
func shorten(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
