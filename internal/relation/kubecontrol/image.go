package kubecontrol

import (
	"strings"

	"kubernetes-worker/internal/relation"
)

// imagePrefix reads registry-location: what stands before the name of an image, host[:port][/path] or a path alone. A
// final slash is dropped, so that "/" and a name can always follow.
func imagePrefix(text string) (prefix string, ok bool, reason string) {
	const bad = "is not a prefix of image names"
	prefix = strings.TrimRight(strings.TrimSpace(text), "/")
	if prefix == "" || len(prefix) > 255 {
		return "", false, bad
	}
	for i, part := range strings.Split(prefix, "/") {
		if !(imagePath(part) || i == 0 && registryHost(part)) {
			return "", false, bad
		}
	}
	return prefix, true, ""
}

// registryHost reports whether the first part of an image prefix is a registry's host, with or without a port.
func registryHost(part string) bool {
	host := part
	if at := strings.LastIndexByte(part, ':'); at >= 0 && !strings.HasSuffix(part, "]") {
		if _, ok := relation.Port(part[at+1:]); !ok {
			return false
		}
		host = part[:at]
	}
	if strings.Contains(host, ":") != strings.HasPrefix(host, "[") {
		return false // only a bracketed address has further colons
	}
	_, ok := relation.Host(host)
	return ok && strings.TrimSpace(host) == host
}

// imagePath reports whether a part of an image prefix is a path component: lower case, letters and digits at both ends.
func imagePath(part string) bool {
	if part == "" || strings.ToLower(part) != part || !relation.Only(part, "._-") {
		return false
	}
	return relation.Only(part[:1], "") && relation.Only(part[len(part)-1:], "")
}
