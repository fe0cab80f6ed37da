package certificates

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"
)

// parseCertificates reads all certificates of a PEM text, whatever stands around the blocks: easyrsa puts a readable
// dump before each. The reasons are our own words, as those of the parser can quote the data.
func parseCertificates(text string) (certs []*x509.Certificate, reason string) {
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			// It would end up in a file that everybody may read.
			return nil, "holds a private key where only certificates belong"
		case block.Type == "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, "holds a certificate that cannot be parsed"
			}
			certs = append(certs, cert)
		}
	}
	if len(certs) == 0 {
		return nil, "holds no certificate in PEM form"
	}
	return certs, ""
}

// checkPair reports why a certificate and a private key cannot be used together. The last word has the function with
// which the daemons load the two, so that nothing gets through on which they would fail.
func checkPair(certText, keyText string) (leaf *x509.Certificate, reason string) {
	certs, reason := parseCertificates(certText)
	if reason != "" {
		return nil, "the certificate's text " + reason
	}
	if _, err := tls.X509KeyPair([]byte(certText), []byte(keyText)); err == nil {
		return certs[0], ""
	}
	switch block := findKey(keyText); {
	case block == nil:
		return nil, "the key's text holds no private key in PEM form"
	case !parsesAsKey(block):
		return nil, "the private key cannot be parsed"
	}
	return nil, "the certificate and the private key do not belong together"
}

// findKey returns the first private key of a PEM text, or nil.
func findKey(text string) *pem.Block {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
}

func parsesAsKey(block *pem.Block) bool {
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(block.Bytes)
	return err == nil
}

// parseAuthority is parseCertificates for a text that must hold a certificate with which others can be signed. Old
// authorities have one that does not say so, but is signed by itself.
func parseAuthority(text string) (certs []*x509.Certificate, reason string) {
	certs, reason = parseCertificates(text)
	if reason != "" {
		return nil, reason
	}
	for _, c := range certs {
		if c.IsCA || !c.BasicConstraintsValid && bytes.Equal(c.RawIssuer, c.RawSubject) {
			return certs, ""
		}
	}
	return nil, "holds no certificate of an authority, only of somebody else"
}

// InTime reports whether the first certificate of a PEM text is within its time.
func InTime(text []byte, now time.Time) bool {
	certs, reason := parseCertificates(string(text))
	return reason == "" && expiry(certs[0], now) == ""
}

// expiry warns about a certificate outside its time; it is used all the same, because an old certificate serves the node
// better than none. The text is empty within that time.
func expiry(cert *x509.Certificate, now time.Time) string {
	switch {
	case now.After(cert.NotAfter):
		return "the certificate expired on " + cert.NotAfter.UTC().Format(time.DateOnly) + ", and is used only until there is a better one"
	case now.Before(cert.NotBefore):
		return "the certificate is not valid before " + cert.NotBefore.UTC().Format(time.DateOnly) + ", and is used only until there is a better one"
	}
	return ""
}
