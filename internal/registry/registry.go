// Package registry owns what a login at an image registry is: how registries are named, and the file in which docker and
// the kubelet look for logins. It is pure: it reads and writes no file, and asks no registry (package probe below it does).
package registry

import (
	"strconv"
	"strings"
	"unicode"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// Login is what a registry wants to know of who pulls from it.
type Login struct {
	Server   string // as Server gives it
	Username string
	Password secret.Value
}

// Docker Hub has a name of its own in docker's file, whatever it is called elsewhere.
const (
	dockerHub     = "https://index.docker.io/v1/"
	dockerHubHost = "registry-1.docker.io"
)

// Server brings the name of a registry into the form in which it stands in docker's file: host, port and path as they are
// in the names of images, without scheme. The path, if there is one, narrows the login to images below it. The reason,
// empty for a name that can be used, does not quote the text.
func Server(text string) (server, reason string) {
	text = strings.TrimSpace(text)
	for _, scheme := range []string{"https://", "http://"} {
		if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
			text = text[len(scheme):]
		}
	}
	text = strings.TrimRight(text, "/")
	netloc, path, _ := strings.Cut(text, "/")
	if version := strings.SplitN(path, "/", 2)[0]; version == "v1" || version == "v2" {
		path = strings.TrimPrefix(path[len(version):], "/")
	}
	netloc, ok := Netloc(netloc)
	if !ok {
		return "", "is not the name of a registry: write host or host:port"
	}
	switch netloc {
	case "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		if path == "" {
			return dockerHub, ""
		}
		netloc = "docker.io"
	}
	if path == "" {
		return netloc, ""
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || len(path) > 255 || strings.Trim(part, ".") == "" || !relation.Only(part, "._-") || strings.ToLower(part) != part {
			return "", "has a path that no image's name has"
		}
	}
	return netloc + "/" + path, ""
}

// Host is where the registry of a name that Server gave is asked, as host or host:port.
func Host(server string) string {
	if server == dockerHub {
		return dockerHubHost
	}
	host, _, _ := strings.Cut(server, "/")
	if host == "docker.io" {
		return dockerHubHost
	}
	return host
}

// Netloc checks host[:port], which becomes the name of a directory, and returns it in one spelling: names in lower case,
// addresses of IPv6 in brackets.
func Netloc(text string) (netloc string, ok bool) {
	host, port := text, ""
	if at := strings.LastIndexByte(text, ':'); at >= 0 && !strings.HasSuffix(text, "]") {
		number, ok := relation.Port(text[at+1:])
		if !ok || strconv.Itoa(number) != text[at+1:] {
			return "", false
		}
		host, port = text[:at], text[at:]
	}
	if strings.Contains(host, ":") != strings.HasPrefix(host, "[") || strings.HasPrefix(host, "[") != strings.HasSuffix(host, "]") {
		return "", false // only an address in brackets has further colons
	}
	name, ok := relation.Host(host)
	if !ok || strings.TrimSpace(host) != host {
		return "", false
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	return name + port, true
}

// CheckUsername says why a text cannot be a user's name; empty: it can.
func CheckUsername(text string) (reason string) {
	if strings.Contains(text, ":") {
		return "holds a colon, which no user's name can have"
	}
	return checkWord(text)
}

// CheckPassword says why a text cannot be a password, without quoting it; empty: it can.
func CheckPassword(text string) (reason string) { return checkWord(text) }

func checkWord(text string) string {
	switch {
	case text == "":
		return "is empty"
	case len(text) > 64<<10:
		return "is too long"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "holds a line break or another control character"
	}
	return ""
}
