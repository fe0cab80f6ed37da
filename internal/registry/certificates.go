package registry

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Certificates reads all certificates of a PEM text and writes them again without what stands around them. Docker and
// containerd trust a registry's certificate as much as that of its authority, so both are taken. The reason, empty for a
// text that can be used, does not quote it.
func Certificates(text string) (clean []byte, reason string) {
	var b bytes.Buffer
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			// It would end up in a file that everybody may read.
			return nil, "holds a private key where only certificates belong"
		case block.Type != "CERTIFICATE":
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, "holds a certificate that cannot be parsed"
		}
		b.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	}
	if b.Len() == 0 {
		return nil, "holds no certificate in PEM form"
	}
	return b.Bytes(), ""
}
