package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"kubernetes-worker/internal/archive"
)

// item is an entry of an archive to be made; a regular file of mode 0755 if nothing else is said.
type item struct {
	name string
	body string
	kind byte
	mode int64
	link string
}

func tarOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, i := range items {
		h := &tar.Header{Name: i.name, Typeflag: i.kind, Mode: i.mode, Linkname: i.link, Size: int64(len(i.body))}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			h = &tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: i.name, PAXRecords: map[string]string{"comment": "x"}}
		} else if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, i.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pack(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tgz(t testing.TB, items ...item) []byte { return pack(t, tarOf(t, items...)) }

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

func TestArchiveOfPluginsIsReadAndHandedOver(t *testing.T) {
	plain := tgz(t,
		item{kind: tar.TypeXGlobalHeader, name: "pax_global_header"},
		item{name: "./", kind: tar.TypeDir},
		item{name: "./bridge", body: "bridge!", mode: 0o100755},
		item{name: "docs/README.md", body: "", mode: 0o644},
		item{name: "docs/", kind: tar.TypeDir},
		item{name: "./docs/ümlaut name", body: "x", mode: 0o600},
	)
	want := []archive.Entry{
		{Name: "bridge", Mode: 0o755, Size: 7, SHA256: sum("bridge!")},
		{Name: "docs/README.md", Mode: 0o644, SHA256: sum("")},
		{Name: "docs", Mode: fs.ModeDir | 0o755},
		{Name: "docs/ümlaut name", Mode: 0o600, Size: 1, SHA256: sum("x")},
	}
	got, err := archive.Read(bytes.NewReader(plain), archive.DefaultLimits())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Read = %+v, %v; want %+v", got, err, want)
	}
	contents := map[string]string{}
	got, err = archive.Extract(iotest.OneByteReader(bytes.NewReader(plain)), archive.DefaultLimits(), func(e archive.Entry, r io.Reader) error {
		content, err := io.ReadAll(r)
		contents[e.Name] = string(content)
		return err
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Extract = %+v, %v; want %+v", got, err, want)
	}
	if wantContents := map[string]string{"bridge": "bridge!", "docs/README.md": "", "docs": "", "docs/ümlaut name": "x"}; !reflect.DeepEqual(contents, wantContents) {
		t.Errorf("contents %q, want %q", contents, wantContents)
	}
}

func TestContentThatIsNotReadStillGivesItsSum(t *testing.T) {
	body := strings.Repeat("0123456789", 10000)
	got, err := archive.Extract(bytes.NewReader(tgz(t, item{name: "a", body: body}, item{name: "b"})), archive.DefaultLimits(),
		func(e archive.Entry, r io.Reader) error {
			_, err := io.CopyN(io.Discard, r, min(3, e.Size))
			return err
		})
	if err != nil || len(got) != 2 || got[0].SHA256 != sum(body) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHostileEntriesAreRefusedByName(t *testing.T) {
	ok := item{name: "ok", body: "x"}
	for name, test := range map[string]struct {
		items  []item
		entry  string
		reason string
	}{
		"absolute":             {[]item{{name: "/etc/passwd"}}, "/etc/passwd", "has an absolute name"},
		"parent":               {[]item{{name: "../x"}}, "../x", "leads out of the archive"},
		"parent inside":        {[]item{{name: "a/../../x"}}, "a/../../x", "leads out of the archive"},
		"parent at the end":    {[]item{{name: "a/..", kind: tar.TypeDir}}, "a/..", "leads out of the archive"},
		"parent after dot":     {[]item{{name: "./../x"}}, "./../x", "leads out of the archive"},
		"empty":                {[]item{{name: ""}}, "", "has an empty name"},
		"dot as a file":        {[]item{{name: "./."}}, "./.", "has a name with an empty part"},
		"two slashes":          {[]item{{name: "a//b"}}, "a//b", "has a name with an empty part"},
		"absolute after dot":   {[]item{{name: ".//etc"}}, ".//etc", "has a name with an empty part"},
		"control character":    {[]item{{name: "a\nb"}}, "a\nb", "has a name with control characters"},
		"escape sequence":      {[]item{{name: "a\x1b[2Jb"}}, "a\x1b[2Jb", "has a name with control characters"},
		"not unicode":          {[]item{{name: "a\xff"}}, "a\xff", "has a name with control characters"},
		"long part":            {[]item{{name: strings.Repeat("n", 201)}}, strings.Repeat("n", 201), "has a name that is too long"},
		"long name":            {[]item{{name: strings.Repeat("abc/", 300) + "x"}}, strings.Repeat("abc/", 300) + "x", "has a name that is too long"},
		"twice":                {[]item{{name: "a"}, {name: "./a"}}, "./a", "is there twice"},
		"directory twice":      {[]item{{name: "a/", kind: tar.TypeDir}, {name: "a/", kind: tar.TypeDir}}, "a/", "is there twice"},
		"file as directory":    {[]item{{name: "a"}, {name: "a/b"}}, "a/b", "lies below an entry that is a file"},
		"directory as file":    {[]item{{name: "a/b"}, {name: "a"}}, "a", "is there twice"},
		"symbolic link":        {[]item{{name: "l", kind: tar.TypeSymlink, link: "/etc"}}, "l", "is a symbolic link; only files and directories are accepted"},
		"hard link":            {[]item{ok, {name: "l", kind: tar.TypeLink, link: "ok"}}, "l", "is a hard link"},
		"character device":     {[]item{{name: "d", kind: tar.TypeChar}}, "d", "is a device"},
		"block device":         {[]item{{name: "d", kind: tar.TypeBlock}}, "d", "is a device"},
		"pipe":                 {[]item{{name: "p", kind: tar.TypeFifo}}, "p", "is a pipe"},
		"unknown type":         {[]item{{name: "u", kind: 'Z'}}, "u", `is of the unknown type "Z"`},
		"setuid":               {[]item{{name: "s", mode: 0o4755}}, "s", "has a setuid, setgid or sticky bit"},
		"setgid":               {[]item{{name: "s", mode: 0o2755}}, "s", "has a setuid, setgid or sticky bit"},
		"sticky directory":     {[]item{{name: "s", mode: 0o1777, kind: tar.TypeDir}}, "s", "has a setuid, setgid or sticky bit"},
		"hostile after a good": {[]item{ok, {name: "../x"}}, "../x", "leads out of the archive"},
	} {
		_, err := archive.Read(bytes.NewReader(tgz(t, test.items...)), archive.DefaultLimits())
		var refusal *archive.Error
		if !errors.As(err, &refusal) || refusal.Kind != archive.Hostile || refusal.Entry != test.entry || !strings.Contains(refusal.Reason, test.reason) {
			t.Errorf("%s: %v, want %q %s", name, err, test.entry, test.reason)
		}
	}
}

func TestDamagedArchivesAreToldApart(t *testing.T) {
	good := tarOf(t, item{name: "a", body: strings.Repeat("random? ", 1000)}, item{name: "b", body: "b"})
	packed := pack(t, good)
	wrongSum := bytes.Clone(packed)
	wrongSum[len(wrongSum)-6] ^= 1
	for name, test := range map[string]struct {
		data []byte
		kind archive.Kind
		text string
	}{
		"nothing":             {nil, archive.NotAnArchive, "it is empty"},
		"text":                {[]byte("<html>404 not found</html>"), archive.NotAnArchive, "it is not in gzip format"},
		"plain tar":           {good, archive.NotAnArchive, "it is not in gzip format"},
		"packed text":         {pack(t, []byte("hello")), archive.NotAnArchive, "there is no tar archive in it"},
		"packed long text":    {pack(t, bytes.Repeat([]byte("hello"), 1000)), archive.NotAnArchive, "there is no tar archive in it"},
		"packed nothing":      {pack(t, nil), archive.Empty, "it holds no file"},
		"no file":             {tgz(t, item{name: "d", kind: tar.TypeDir}), archive.Empty, "it holds no file"},
		"header cut":          {packed[:5], archive.Truncated, "it ends too early"},
		"content cut":         {packed[:len(packed)/2], archive.Truncated, "it ends too early"},
		"check sum cut":       {packed[:len(packed)-4], archive.Truncated, "it ends too early"},
		"tar cut":             {pack(t, good[:1000]), archive.Truncated, "it ends too early"},
		"wrong check sum":     {wrongSum, archive.Corrupt, "its check sum is wrong"},
		"text behind":         {append(bytes.Clone(packed), "garbage"...), archive.Corrupt, "something follows its end"},
		"archive behind":      {append(bytes.Clone(packed), packed...), archive.Corrupt, "something follows its end"},
		"text behind the tar": {pack(t, append(bytes.Clone(good), 'x')), archive.Corrupt, "something follows its end"},
		"endless padding":     {pack(t, append(bytes.Clone(good), make([]byte, 2<<20)...)), archive.TooLarge, "its padding has no end"},
		"damaged header":      {pack(t, append(append(bytes.Clone(good[:8704]), bytes.Repeat([]byte("x"), 512)...), make([]byte, 1024)...)), archive.Corrupt, "it is damaged"},
	} {
		_, err := archive.Read(bytes.NewReader(test.data), archive.DefaultLimits())
		var refusal *archive.Error
		if !errors.As(err, &refusal) || refusal.Kind != test.kind || !strings.HasPrefix(err.Error(), "cannot accept archive: "+test.text) {
			t.Errorf("%s: %v, want kind %d, %s", name, err, test.kind, test.text)
		}
	}
}

func TestArchiveInSeveralGzipMembersIsRead(t *testing.T) {
	plain := tarOf(t, item{name: "a", body: "x"})
	if _, err := archive.Read(bytes.NewReader(append(pack(t, plain[:700]), pack(t, plain[700:])...)), archive.DefaultLimits()); err != nil {
		t.Error(err)
	}
}

func TestPaddingOfATapeIsAccepted(t *testing.T) {
	padded := append(tarOf(t, item{name: "a"}), make([]byte, 10<<10)...)
	if _, err := archive.Read(bytes.NewReader(pack(t, padded)), archive.DefaultLimits()); err != nil {
		t.Error(err)
	}
}

func TestLimitsHold(t *testing.T) {
	data := tgz(t, item{name: "a", body: "12345"}, item{name: "b", body: "123456"}, item{name: "d", kind: tar.TypeDir})
	for _, test := range []struct {
		limits archive.Limits
		entry  string
		ok     bool
	}{
		{archive.Limits{Entries: 3, File: 6, Total: 11}, "", true},
		{archive.Limits{Entries: 2, File: 6, Total: 11}, "", false},
		{archive.Limits{Entries: 3, File: 5, Total: 11}, "b", false},
		{archive.Limits{Entries: 3, File: 6, Total: 10}, "b", false},
		{archive.Limits{}, "", false},
	} {
		_, err := archive.Read(bytes.NewReader(data), test.limits)
		var refusal *archive.Error
		if test.ok != (err == nil) || (!test.ok && (!errors.As(err, &refusal) || refusal.Kind != archive.TooLarge || refusal.Entry != test.entry)) {
			t.Errorf("%+v: %v", test.limits, err)
		}
	}
}

// A few bytes that unpack to a gigabyte are refused by what the header says, before anything is unpacked.
func TestBombIsRefusedBeforeItGoesOff(t *testing.T) {
	var head bytes.Buffer
	w := tar.NewWriter(&head)
	if err := w.WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	called := false
	_, err := archive.Extract(bytes.NewReader(pack(t, head.Bytes())), archive.DefaultLimits(), func(archive.Entry, io.Reader) error {
		called = true
		return nil
	})
	var refusal *archive.Error
	if !errors.As(err, &refusal) || refusal.Kind != archive.TooLarge || called {
		t.Errorf("called %v, %v", called, err)
	}
}

func TestErrorsOfSourceAndReceiverAreKept(t *testing.T) {
	data := tgz(t, item{name: "a", body: strings.Repeat("x", 1<<20)})
	disk := errors.New("disk on fire")
	_, err := archive.Read(io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(disk)), archive.DefaultLimits())
	var refusal *archive.Error
	if !errors.Is(err, disk) || errors.As(err, &refusal) {
		t.Errorf("source: %v", err)
	}
	_, err = archive.Read(iotest.ErrReader(disk), archive.DefaultLimits())
	if !errors.Is(err, disk) || err.Error() != "cannot read archive: disk on fire" {
		t.Errorf("source at once: %v", err)
	}
	_, err = archive.Extract(bytes.NewReader(data), archive.DefaultLimits(), func(archive.Entry, io.Reader) error { return disk })
	if !errors.Is(err, disk) || err.Error() != "cannot unpack a: disk on fire" {
		t.Errorf("receiver: %v", err)
	}
	_, err = archive.Extract(bytes.NewReader(data[:len(data)/2]), archive.DefaultLimits(), func(_ archive.Entry, r io.Reader) error {
		_, err := io.ReadAll(r)
		return fmt.Errorf("cannot write: %w", err)
	})
	if !errors.As(err, &refusal) || refusal.Kind != archive.Truncated {
		t.Errorf("cut while the receiver reads: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(tarOf(f, item{name: "./bridge", body: "x"}, item{name: "d/", kind: tar.TypeDir}), true)
	f.Add(tarOf(f, item{name: "../x"}), true)
	f.Add(tarOf(f, item{name: "l", kind: tar.TypeSymlink, link: "/"}), true)
	f.Add(tgz(f, item{name: "a", body: "b"}), false)
	limits := archive.Limits{Entries: 10, File: 1 << 16, Total: 1 << 17}
	f.Fuzz(func(t *testing.T, data []byte, wrap bool) {
		if wrap {
			data = pack(t, data)
		}
		entries, err := archive.Read(bytes.NewReader(data), limits)
		var refusal *archive.Error
		if err != nil {
			if !errors.As(err, &refusal) || refusal.Reason == "" || entries != nil {
				t.Errorf("%v, %v", entries, err)
			}
			return
		}
		var total int64
		names := map[string]bool{}
		for _, e := range entries {
			if !fs.ValidPath(e.Name) || e.Name == "." || names[e.Name] || e.Mode&^(fs.ModeDir|0o777) != 0 {
				t.Errorf("accepted %+v", e)
			}
			names[e.Name] = true
			total += e.Size
		}
		if len(entries) > limits.Entries || total > limits.Total {
			t.Errorf("accepted %d entries of %d bytes", len(entries), total)
		}
	})
}
