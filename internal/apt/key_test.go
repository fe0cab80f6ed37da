package apt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"
)

// The keys are those with which Docker and NVIDIA sign their repositories, as gpg shows them.
const (
	dockerKey = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
	nvidiaKey = "C95B321B61E88C1809C4F759DDCAE044F796ECB0"
)

func keyFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/keys/" + name + ".asc")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// binaryOf takes the armor off by the rules of base64 alone.
func binaryOf(t testing.TB, armored []byte) []byte {
	t.Helper()
	_, text, _ := strings.Cut(string(armored), "\n\n")
	text, _, _ = strings.Cut(text, "\n=")
	binary, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func TestKeyIsTakenOutByItsFingerprint(t *testing.T) {
	docker, nvidia := keyFile(t, "docker"), keyFile(t, "nvidia")
	both := append(binaryOf(t, docker), binaryOf(t, nvidia)...)
	headed := bytes.Replace(docker, []byte("\n\n"), []byte("\nVersion: GnuPG v1\nComment: from a server\n\n"), 1)
	trust := append(binaryOf(t, nvidia), 0xb0, 2, 1, 1) // a packet that is no part of a key
	for name, test := range map[string]struct {
		given       []byte
		fingerprint string
		want        []byte
	}{
		"armored":              {docker, dockerKey, binaryOf(t, docker)},
		"binary":               {binaryOf(t, nvidia), nvidiaKey, binaryOf(t, nvidia)},
		"lower case":           {nvidia, strings.ToLower(nvidiaKey), binaryOf(t, nvidia)},
		"headers":              {headed, dockerKey, binaryOf(t, docker)},
		"with line ends":       {bytes.ReplaceAll(headed, []byte("\n"), []byte("\r\n")), dockerKey, binaryOf(t, docker)},
		"second of two":        {both, nvidiaKey, binaryOf(t, nvidia)},
		"first of two":         {both, dockerKey, binaryOf(t, docker)},
		"two armored blocks":   {append(append([]byte("<html>"), docker...), nvidia...), nvidiaKey, binaryOf(t, nvidia)},
		"with a foreign piece": {trust, nvidiaKey, binaryOf(t, nvidia)},
	} {
		got, err := Key(test.given, test.fingerprint)
		if err != nil || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %d bytes, %v; want %d bytes", name, len(got), err, len(test.want))
		}
		if !IsKey(got, test.fingerprint) {
			t.Errorf("%s: what was taken out is not recognised", name)
		}
	}
	if IsKey(both, dockerKey) {
		t.Error("a keyring with a second key passes for one with the first alone")
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	docker := binaryOf(t, keyFile(t, "docker"))
	forged := bytes.Clone(docker)
	forged[100] ^= 1
	old := bytes.Clone(docker)
	old[3] = 3 // the version
	for name, given := range map[string][]byte{"another": keyFile(t, "nvidia"), "one bit differs": forged, "another version": old} {
		_, err := Key(given, dockerKey)
		var wrong *WrongKeyError
		if !errors.As(err, &wrong) || wrong.Wanted != dockerKey || len(wrong.Found) != 1 || wrong.Found[0] == dockerKey {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, given := range map[string][]byte{
		"nothing": nil, "a page": []byte("<html>not found</html>"), "cut off": docker[:len(docker)-1], "an empty block": []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n"),
		"half an armor": []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQIN"), "no base64": []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!\n-----END PGP PUBLIC KEY BLOCK-----"),
		"a length without an end": {0x9b, 1, 2}, "a length in parts": {0xc6, 0xe1, 1}, "too long": {0xc6, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, err := Key(given, dockerKey); !errors.Is(err, errNoKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add(keyFile(f, "docker"))
	f.Add(binaryOf(f, keyFile(f, "nvidia")))
	f.Add([]byte{0xc6, 0xc0, 0, 4})
	f.Fuzz(func(t *testing.T, given []byte) {
		got, err := Key(given, dockerKey)
		if (err == nil) != (len(got) > 0) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err == nil && !IsKey(got, dockerKey) {
			t.Error("what was taken out is not recognised")
		}
	})
}
