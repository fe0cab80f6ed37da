package mount_test

import (
	"path"
	"strings"
	"testing"
	"unicode"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/internal/relation/relationtest"
)

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := mount.Decode(c.Relations)
			c.Check(t, struct {
				Facts   mount.Facts
				Missing string
			}{facts, mount.Missing(c.Relations)}, problems)
		})
	}
}

func one(bag relation.Bag) []relation.Relation {
	return []relation.Relation{{ID: "nfs:4", Endpoint: "nfs", App: "nfs", Units: []relation.Unit{{Name: "nfs/0", Data: bag}}}}
}

// What cannot be used is told with its key, never with its content, and spoils all that the unit said.
func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	for key, values := range map[string][]string{
		"mountpoint": {"srv", "/srv/../etc", "/srv/./a", "/a//b", "/a\nb", "/a\x00", "/\xff", "/" + strings.Repeat("x", 1<<20)},
		"fstype":     {"cifs", "nfs4", "NFS"},
		"options":    {"rw\nroot", "\xff", strings.Repeat("x", 1<<20)},
		"hostname":   {"a b", "host:/x", "$(reboot)", "-x", "0.0.0.0", "a\nb", "%s", strings.Repeat("x", 1<<20)},
	} {
		for _, value := range values {
			bag := relation.Bag{"mountpoint": "/srv/a", "fstype": "nfs", "options": "rw", "hostname": "nfs.test"}
			bag[key] = value
			facts, problems := mount.Decode(one(bag))
			if facts.Available() || len(problems) != 1 || problems[0].Key != key || len(value) > 3 && strings.Contains(problems[0].Error(), value) {
				t.Errorf("%s=%.20q: %+v, %v", key, value, facts, problems)
			}
		}
	}
}

func TestEveryHalfIsNoMountAndSaysWhatIsMissing(t *testing.T) {
	for _, key := range []string{"mountpoint", "fstype", "options", "hostname"} {
		bag := relation.Bag{"mountpoint": "/srv/a", "fstype": "nfs", "options": "rw", "hostname": "nfs.test"}
		delete(bag, key)
		facts, problems := mount.Decode(one(bag))
		if facts.Available() || !facts.Joined || len(problems) > 0 || mount.Missing(one(bag)) != key {
			t.Errorf("without %s: %+v, %v, %q", key, facts, problems, mount.Missing(one(bag)))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("/srv/data", "nfs", "rw,soft", "10.0.0.9", "")
	f.Add("/srv/data", "nfs", "rw", "", "2001:db8::1")
	f.Fuzz(func(t *testing.T, mountpoint, fstype, options, hostname, address string) {
		facts, _ := mount.Decode(one(relation.Bag{"mountpoint": mountpoint, "fstype": fstype, "options": options, "hostname": hostname, "private-address": address}))
		if !facts.Available() {
			return
		}
		clean := func(text string) bool { return text != "" && !strings.ContainsFunc(text, unicode.IsControl) }
		if !clean(facts.Host) || !clean(facts.Mountpoint) || !path.IsAbs(facts.Mountpoint) || strings.Contains(facts.Mountpoint, "..") && path.Clean(facts.Mountpoint) != strings.TrimRight(facts.Mountpoint, "/") || facts.Options == "" {
			t.Errorf("%+v", facts)
		}
	})
}
