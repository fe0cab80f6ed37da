package worker

import (
	"testing"

	"kubernetes-worker/internal/options"
)

// The note of a unit that failed stops those that want the same, so the same has to look the same on every unit.
func TestUnitsThatWantTheSameSayTheSame(t *testing.T) {
	wish := func(unit, channel, path, print string) string {
		c, err := options.ParseChannel(channel)
		if err != nil {
			t.Fatal(err)
		}
		f := Facts{Resources: map[string]ResourceFact{"kubelet": {Path: path, Size: 1, Fingerprint: print}}}
		f.Unit, f.Options.Channel = unit, c
		return f.WantedUpgrade()
	}
	one := wish("w/0", "1.29/stable", "/var/lib/0/kubelet.snap", "print")
	if other := wish("w/1", "1.29", "/var/lib/1/kubelet.snap", "print"); other != one {
		t.Errorf("another unit wants %s, not %s", other, one)
	}
	for name, other := range map[string]string{
		"another channel": wish("w/0", "1.29/edge", "/var/lib/0/kubelet.snap", "print"),
		"another file":    wish("w/0", "1.29/stable", "/var/lib/0/kubelet.snap", "other"),
	} {
		if other == one {
			t.Errorf("%s is the same wish", name)
		}
	}
}
