package worker

import (
	"bytes"

	"kubernetes-worker/internal/resource"
)

// certificateFiles writes what the authority sent, as soon as it is there. Keys can be read by root alone.
func certificateFiles() Handler {
	return Handler{Name: "certificates", When: []flag{CAKnown}, Declare: func(f Facts) ([]resource.Resource, error) {
		wants := []resource.Resource{
			f.caFile(),
			resource.TrustedCA{Name: f.App, PEM: f.Certs.CA},
		}
		if server := f.serverFiles(); server != nil {
			wants = append(wants, server[0], server[1])
		}
		if len(f.Certs.ClientCert) > 0 {
			wants = append(wants,
				pemFile(ClientCertFile, f.Certs.ClientCert), pemFile(ClientKeyFile, []byte(f.Certs.ClientKey.Reveal())))
		}
		return wants, nil
	}}
}

func (f Facts) caFile() resource.File {
	return pemFile(CAFile, f.Certs.CA)
}

// serverFiles gives certificate and key of the kubelet's own server.
func (f Facts) serverFiles() []resource.File {
	if len(f.Certs.ServerCert) == 0 {
		return nil
	}
	return []resource.File{
		pemFile(ServerCertFile, f.Certs.ServerCert),
		pemFile(ServerKeyFile, []byte(f.Certs.ServerKey.Reveal())),
	}
}

// pemFile is a certificate or a key. The charm's forerunner wrote them as they came, without a line end.
func pemFile(path string, content []byte) resource.File {
	return resource.File{Path: path, Content: content, Mode: 0o440,
		Same: func(have []byte) bool { return bytes.Equal(bytes.TrimSpace(have), bytes.TrimSpace(content)) }}
}
