package host_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/host/hosttest"
)

func TestGPUsAreFoundAmongPCIDevices(t *testing.T) {
	const devices = "/sys/bus/pci/devices/"
	device := func(address, vendor, class string) map[string]string {
		return map[string]string{devices + address + "/vendor": vendor + "\n", devices + address + "/class": class + "\n"}
	}
	list := func(lines ...string) map[string]string {
		return map[string]string{"/proc/bus/pci/devices": strings.Join(lines, "\n") + "\n"}
	}
	for name, c := range map[string]struct {
		files []map[string]string
		want  string
	}{
		"no PCI bus":               {nil, ""},
		"another maker's":          {[]map[string]string{device("0000:00:02.0", "0x8086", "0x030000")}, ""},
		"sound of NVIDIA's":        {[]map[string]string{device("0000:01:00.1", "0x10de", "0x040300")}, ""},
		"a display":                {[]map[string]string{device("0000:01:00.0", "0x10de", "0x030000"), device("0000:00:00.0", "0x8086", "0x060000")}, "0000:01:00.0"},
		"3D without a display":     {[]map[string]string{device("0000:3b:00.0", "0x10de", "0x030200"), device("0000:af:00.0", "0x10de", "0x030200")}, "0000:3b:00.0"},
		"listed":                   {[]map[string]string{device("0000:3b:02.1", "0x10de", "0x030200"), list("0000\t80860d57\t0", "3b11\t10de20b5\t42\t0")}, "0000:3b:02.1"},
		"listed in another domain": {[]map[string]string{device("10000:3b:00.0", "0x10de", "0x030200"), list("3b00\t10de20b5\t42")}, "10000:3b:00.0"},
		"not listed as NVIDIA's":   {[]map[string]string{device("0000:3b:00.0", "0x10de", "0x030200"), list("0000\t80860d57\t0", "", "x\t10de\t0", "3b00\t10de")}, ""},
		"listed and not there":     {[]map[string]string{list("3b00\t10de20b5\t42")}, ""},
		"no class":                 {[]map[string]string{{devices + "0000:01:00.0/vendor": "0x10de\n"}}, ""},
		"nothing in it":            {[]map[string]string{{devices + "0000:01:00.0/": ""}}, ""},
	} {
		files := map[string]string{}
		for _, f := range c.files {
			for path, content := range f {
				files[path] = content
			}
		}
		if got := hosttest.Tree(t, files).NvidiaGPU(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
