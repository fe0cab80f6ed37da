package apt

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Key takes the OpenPGP key with this fingerprint (40 hexadecimal digits) out of what a server gave for it, armored or
// not, as a keyring for apt. Everything else in there is left out, other keys above all: apt trusts each key of a keyring.
//
// The fingerprint is that of version 4 of RFC 4880, 12.2: it is computed here from the key itself. That the rest of the
// key, its names and subkeys, belongs to it is signed in the key, and apt checks that itself.
func Key(given []byte, fingerprint string) ([]byte, error) {
	keys, err := parseKeys(given)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, key := range keys {
		if strings.EqualFold(key.fingerprint, fingerprint) {
			return key.packets, nil
		}
		found = append(found, key.fingerprint)
	}
	return nil, &WrongKeyError{Wanted: fingerprint, Found: found}
}

// IsKey reports whether content is what Key made of a key with this fingerprint.
func IsKey(content []byte, fingerprint string) bool {
	key, err := Key(content, fingerprint)
	return err == nil && bytes.Equal(key, content)
}

// WrongKeyError says that a server gave keys, and not the wanted one among them.
type WrongKeyError struct {
	Wanted string
	Found  []string
}

func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("the key has the fingerprint %s, not %s", strings.Join(e.Found, ", "), e.Wanted)
}

// key is one public key with its names, signatures and subkeys.
type key struct {
	fingerprint string
	packets     []byte
}

var errNoKey = errors.New("what came is no OpenPGP key")

// Packet tags of RFC 4880, 4.3.
const (
	tagSignature = 2
	tagPublicKey = 6
	tagUserID    = 13
	tagSubkey    = 14
	tagAttribute = 17
)

// keyParts are the packets that a public key consists of. Servers add others, such as a trust packet, which say nothing.
var keyParts = [...]int{tagSignature, tagPublicKey, tagUserID, tagSubkey, tagAttribute}

func parseKeys(given []byte) ([]key, error) {
	binary, err := dearmor(given)
	if err != nil {
		return nil, err
	}
	var keys []key
	for len(binary) > 0 {
		tag, body, size, err := nextPacket(binary)
		if err != nil {
			return nil, err
		}
		switch {
		case tag == tagPublicKey:
			keys = append(keys, key{fingerprint: fingerprintOf(body)})
			fallthrough
		case len(keys) > 0 && slices.Contains(keyParts[:], tag):
			last := &keys[len(keys)-1]
			last.packets = append(last.packets, binary[:size]...)
		}
		binary = binary[size:]
	}
	if len(keys) == 0 {
		return nil, errNoKey
	}
	return keys, nil
}

// nextPacket reads the header of RFC 4880, 4.2. Lengths in parts and without an end do not occur in keys.
func nextPacket(data []byte) (tag int, body []byte, size int, err error) {
	if len(data) < 2 || data[0]&0x80 == 0 {
		return 0, nil, 0, errNoKey
	}
	octet := func(i int) int {
		if i < len(data) {
			return int(data[i])
		}
		return 0
	}
	number := func(from, octets int) int {
		n := 0
		for i := range octets {
			n = n<<8 | octet(from+i)
		}
		return n
	}
	var header, length int
	if data[0]&0x40 == 0 { // the old form, which names the length's own length
		tag = int(data[0] >> 2 & 0x0f)
		octets := 1 << (data[0] & 3)
		if octets == 8 {
			return 0, nil, 0, errNoKey
		}
		header, length = 1+octets, number(1, octets)
	} else {
		tag = int(data[0] & 0x3f)
		switch first := octet(1); {
		case first < 192:
			header, length = 2, first
		case first < 224:
			header, length = 3, (first-192)<<8+octet(2)+192
		case first == 255:
			header, length = 6, number(2, 4)
		default:
			return 0, nil, 0, errNoKey
		}
	}
	if header > len(data) || length > len(data)-header {
		return 0, nil, 0, errNoKey
	}
	return tag, data[header : header+length], header + length, nil
}

// fingerprintOf is empty for keys of other versions than 4.
func fingerprintOf(body []byte) string {
	if len(body) == 0 || len(body) > 0xffff || body[0] != 4 {
		return ""
	}
	hash := sha1.New()
	hash.Write([]byte{0x99, byte(len(body) >> 8), byte(len(body))})
	hash.Write(body)
	return fmt.Sprintf("%X", hash.Sum(nil))
}

// dearmor takes what is between the lines of an armored block, see RFC 4880, 6.2. Its checksum says nothing that the
// fingerprint does not say better.
func dearmor(given []byte) ([]byte, error) {
	const begin, end = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
	text := string(given)
	at := strings.Index(text, begin)
	if at < 0 {
		return given, nil
	}
	var binary []byte
	for at >= 0 {
		block, rest, ended := strings.Cut(text[at+len(begin):], end)
		if !ended {
			return nil, errNoKey
		}
		decoded, err := base64.StdEncoding.DecodeString(armored(block))
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoKey, err)
		}
		binary = append(binary, decoded...)
		text = rest
		at = strings.Index(text, begin)
	}
	return binary, nil
}

// armored joins the lines that carry data: not the headers, which an empty line ends, nor the checksum.
func armored(block string) string {
	var data strings.Builder
	for line := range strings.Lines(strings.TrimLeft(block, "\r")) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, ": ") || strings.HasPrefix(line, "=") {
			continue
		}
		data.WriteString(line)
	}
	return data.String()
}
