package relation

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Host checks a host that a peer named, an IP address or a DNS name, and returns it in one spelling: addresses as
// net/netip writes them and without brackets, names in lower case without the final dot. Zones, user information,
// ports and the unspecified address are refused.
func Host(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if addr, ok := Address(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); ok {
		return addr.String(), true
	}
	return DNSName(text)
}

// Address checks an IP address that something can be reached at: no zone, not unspecified. An IPv4 address written as
// IPv6 becomes IPv4.
func Address(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || addr.Zone() != "" || addr.Unmap().IsUnspecified() {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// DNSName checks a host or domain name and returns it in lower case without the final dot. Underscores are let through,
// as resolvers and TLS do; a last label of digits only is refused, because such a text is a broken address.
func DNSName(text string) (string, bool) {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
	if name == "" || len(name) > 253 {
		return "", false
	}
	last := name
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		if !Only(label, "-_") {
			return "", false
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" {
		return "", false
	}
	return name, true
}

// Only reports whether text is made of ASCII letters, digits and the bytes of extra alone.
func Only(text, extra string) bool {
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return true
}

// Port checks a TCP port written in decimal digits.
func Port(text string) (int, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	port, err := strconv.Atoi(text)
	return port, err == nil && port >= 1 && port <= 65535
}

// HTTPS is the URL of a server at a host that Host accepted: always with its port, IPv6 in brackets.
func HTTPS(host string, port int) string {
	return "https://" + net.JoinHostPort(host, strconv.Itoa(port))
}
