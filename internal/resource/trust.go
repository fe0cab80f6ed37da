package resource

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"time"

	"kubernetes-worker/internal/host"
)

// TrustedCA is a certificate authority that the machine's programs trust. Whether they do is seen in the bundle that
// update-ca-certificates makes.
type TrustedCA struct {
	Name   string // base name of the file below /usr/local/share/ca-certificates
	PEM    []byte
	Absent bool
}

const (
	localCAs = "/usr/local/share/ca-certificates/"
	caBundle = "/etc/ssl/certs/ca-certificates.crt"
	// update-ca-certificates keeps a link here for each file of the local directory.
	trustLinks = "/etc/ssl/certs/"
)

// ID is trusted-ca:NAME.
func (c TrustedCA) ID() string { return "trusted-ca:" + c.Name }

// Stage is FileStage, or CleanupStage for one that goes.
func (c TrustedCA) Stage() Stage {
	if c.Absent {
		return CleanupStage
	}
	return FileStage
}

// Equal compares the certificate.
func (c TrustedCA) Equal(other any) bool {
	o, ok := other.(TrustedCA)
	return ok && o.Name == c.Name && o.Absent == c.Absent && bytes.Equal(o.PEM, c.PEM)
}

// Plan looks for the certificate in the local directory and in the bundle.
func (c TrustedCA) Plan(_ context.Context, sys *System) (*Change, error) {
	path := localCAs + c.Name + ".crt"
	have, err := readFile(sys.Host, path)
	if err != nil {
		return nil, err
	}
	if c.Absent && !have.exists {
		// The link stays where the command below was killed or failed after the file was gone, and so does the bundle.
		if _, err := sys.Host.Lstat(trustLinks + c.Name + ".pem"); err != nil {
			return nil, nil
		}
	}
	var bundle []byte
	if !c.Absent {
		if bundle, err = readIfThere(sys.Host, caBundle); err != nil {
			return nil, err
		}
	}
	cause := ""
	switch {
	case c.Absent:
		cause = "not trusted any more"
	case !have.exists || !bytes.Equal(have.content, c.PEM):
		cause = "changed"
	case !bytes.Contains(bundle, bytes.TrimSpace(c.PEM)):
		cause = "not in the machine's bundle"
	}
	if cause == "" {
		return nil, nil
	}
	return &Change{Cause: cause, Apply: func(ctx context.Context) error {
		command := host.Command{Name: "update-ca-certificates", Timeout: 2 * time.Minute}
		if c.Absent {
			if err := removeIfThere(sys.Host, path); err != nil {
				return err
			}
			command.Args = []string{"--fresh"}
		} else if err := (File{Path: path, Content: c.PEM}).write(sys.Host); err != nil {
			return err
		}
		if _, err := sys.Run.Run(ctx, command); err != nil || !c.Absent {
			return err
		}
		return removeIfThere(sys.Host, trustLinks+c.Name+".pem")
	}}, nil
}

func removeIfThere(h Host, path string) error {
	if err := h.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
