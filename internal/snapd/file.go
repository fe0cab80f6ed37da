package snapd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
)

// squashfs' superblock (kernel documentation, filesystems/squashfs): 96 bytes, magic first, the length of the whole
// image at byte 40, little endian.
const (
	squashfsMagic     = "hsqs"
	superblockLength  = 96
	imageLengthOffset = 40
)

// FileOptions are the choices of an install from a file.
type FileOptions struct {
	// Name is the snap that the file should hold. Changes of it in progress are waited for, and another snap is an error
	// of class BadSnap.
	Name string
	// Classic permits a snap without confinement.
	Classic bool
	// Dangerous permits a file without signatures.
	Dangerous bool
}

// InstallFile installs the snap in a file, as a new revision if it is there already, even of the same content: whether
// that is wanted is the caller's decision. The file is streamed to the daemon.
func (c *Client) InstallFile(ctx context.Context, path string, o FileOptions, progress Progress) error {
	op := fmt.Sprintf("install snap %q from file %q", clean(o.Name, 80), clean(path, 200))
	if err := checkName(op, o.Name); err != nil {
		return err
	}
	size, err := checkSnapFile(op, path)
	if err != nil {
		return err
	}
	if _, err := c.settle(ctx, op, o.Name, progress); err != nil {
		return err
	}
	if progress != nil {
		progress(ChangeProgress{Summary: fmt.Sprintf("Send %q to snapd", filepath.Base(path)), Total: size})
	}
	id, err := c.upload(ctx, op, path, o)
	if err != nil {
		return err
	}
	ch, err := c.wait(ctx, op, id, progress)
	if err != nil {
		return err
	}
	if got, ok := ch.Data["snap-name"].(string); ok && got != o.Name {
		return newError(BadSnap, op, "the file holds the snap %q, which is installed now", clean(got, 80))
	}
	return nil
}

func (c *Client) upload(ctx context.Context, op, path string, o FileOptions) (string, error) {
	var frame bytes.Buffer
	form := multipart.NewWriter(&frame)
	for _, field := range []struct {
		name string
		set  bool
	}{{"dangerous", o.Dangerous}, {"classic", o.Classic}} {
		if field.set {
			if err := form.WriteField(field.name, "true"); err != nil {
				return "", &Error{Op: op, Err: err}
			}
		}
	}
	if _, err := form.CreateFormFile("snap", filepath.Base(path)); err != nil {
		return "", &Error{Op: op, Err: err}
	}
	split := frame.Len()
	if err := form.Close(); err != nil {
		return "", &Error{Op: op, Err: err}
	}
	head, tail := frame.Bytes()[:split], frame.Bytes()[split:]

	info, err := os.Stat(path)
	if err != nil {
		return "", fileError(op, err)
	}
	a, err := c.call(ctx, request{
		op: op, method: http.MethodPost, path: "/v2/snaps", timeout: c.settings.UploadTimeout,
		contentType: form.FormDataContentType(), length: int64(frame.Len()) + info.Size(),
		body: func() (io.ReadCloser, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			return struct {
				io.Reader
				io.Closer
			}{io.MultiReader(bytes.NewReader(head), f, bytes.NewReader(tail)), f}, nil
		},
	})
	if err != nil {
		return "", err
	}
	return a.changeID(op)
}

// checkSnapFile refuses what cannot be a snap before anything is sent, and returns the length in bytes.
func checkSnapFile(op, path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fileError(op, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, fileError(op, err)
	}
	if !info.Mode().IsRegular() {
		return 0, newError(BadSnap, op, "it is not a regular file")
	}
	head := make([]byte, superblockLength)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, fileError(op, err)
	}
	return info.Size(), checkSuperblock(op, head[:n], info.Size())
}

func checkSuperblock(op string, head []byte, size int64) error {
	if !bytes.HasPrefix(head, []byte(squashfsMagic)) {
		return newError(BadSnap, op, "the file is no snap: it does not begin as a squashfs image")
	}
	if len(head) < superblockLength {
		return newError(BadSnap, op, "the snap is cut short: %d bytes are less than its header", size)
	}
	if want := binary.LittleEndian.Uint64(head[imageLengthOffset:]); size < 0 || want > uint64(size) {
		return newError(BadSnap, op, "the snap is cut short: %d of %d bytes", size, want)
	}
	return nil
}

func fileError(op string, err error) *Error {
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Op: op, Message: "there is no such file", Err: err, class: BadSnap}
	}
	return &Error{Op: op, Message: clean(err.Error(), 300), Err: err, class: Other}
}
