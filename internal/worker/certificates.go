package worker

import (
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
				resource.File{Path: ClientCertFile, Content: f.Certs.ClientCert, Mode: 0o440},
				resource.File{Path: ClientKeyFile, Content: []byte(f.Certs.ClientKey.Reveal()), Mode: 0o440})
		}
		return wants, nil
	}}
}

func (f Facts) caFile() resource.File {
	return resource.File{Path: CAFile, Content: f.Certs.CA, Mode: 0o440}
}

// serverFiles gives certificate and key of the kubelet's own server.
func (f Facts) serverFiles() []resource.File {
	if len(f.Certs.ServerCert) == 0 {
		return nil
	}
	return []resource.File{
		{Path: ServerCertFile, Content: f.Certs.ServerCert, Mode: 0o440},
		{Path: ServerKeyFile, Content: []byte(f.Certs.ServerKey.Reveal()), Mode: 0o440},
	}
}
