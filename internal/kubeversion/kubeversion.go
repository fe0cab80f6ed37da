// Package kubeversion owns the reading and comparing of Kubernetes versions. What a version accepts is decided by the
// packages that render for it.
package kubeversion

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a Kubernetes release. Patch is 0 and Pre empty where only the minor release is known.
type Version struct {
	Major, Minor, Patch int
	Pre                 string // rc.1, alpha.2, …; kept because the application version shows it
}

// Parse finds the first vX.Y.Z in a text such as "Kubernetes v1.12.1", or takes the text itself as X.Y.Z.
func Parse(text string) (Version, error) {
	for _, word := range strings.Fields(text) {
		if v, ok := parseWord(strings.TrimPrefix(word, "v")); ok {
			return v, nil
		}
	}
	return Version{}, fmt.Errorf("cannot find a version in %.80q", text)
}

func parseWord(word string) (Version, bool) {
	numbers, pre, _ := strings.Cut(word, "-")
	numbers, _, _ = strings.Cut(numbers, "+")
	pre, _, _ = strings.Cut(pre, "+")
	parts := strings.Split(numbers, ".")
	if len(parts) != 3 {
		return Version{}, false
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return Version{}, false
		}
		n[i] = int(v)
	}
	return Version{Major: n[0], Minor: n[1], Patch: n[2], Pre: pre}, true
}

// ParseChannel reads the minor release from a snap channel such as 1.12/stable or 1.29-eksd/stable. Channels that name
// no release (stable, latest/edge) give ok false.
func ParseChannel(channel string) (v Version, ok bool) {
	track, _, _ := strings.Cut(channel, "/")
	track, _, _ = strings.Cut(track, "-")
	major, minor, found := strings.Cut(track, ".")
	if !found {
		return Version{}, false
	}
	ma, err1 := strconv.ParseUint(major, 10, 16)
	mi, err2 := strconv.ParseUint(minor, 10, 16)
	if err1 != nil || err2 != nil {
		return Version{}, false
	}
	return Version{Major: int(ma), Minor: int(mi)}, true
}

// IsZero reports whether the version is not known.
func (v Version) IsZero() bool { return v == Version{} }

// AtLeast reports whether v is of the minor release major.minor or a later one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// Older reports whether v is of an earlier minor release than o.
func (v Version) Older(o Version) bool { return !v.AtLeast(o.Major, o.Minor) }

// SameMinor reports whether both are of one minor release.
func (v Version) SameMinor(o Version) bool { return v.Major == o.Major && v.Minor == o.Minor }

// Release writes the minor release: 1.24.
func (v Version) Release() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// String writes the version as the application version shows it: 1.12.1, 1.36.0-rc.1.
func (v Version) String() string {
	s := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	if v.Pre != "" {
		s += "-" + v.Pre
	}
	return s
}
