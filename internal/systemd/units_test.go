package systemd

import (
	"strings"
	"testing"

	godbus "github.com/godbus/dbus/v5"
)

func TestAnAnswerOfAnotherFormIsAnError(t *testing.T) {
	good := func() map[string]godbus.Variant {
		return map[string]godbus.Variant{
			"LoadState": godbus.MakeVariant("loaded"), "ActiveState": godbus.MakeVariant("active"),
			"SubState": godbus.MakeVariant("running"), "UnitFileState": godbus.MakeVariant("enabled"),
			"NeedDaemonReload": godbus.MakeVariant(false), "ActiveEnterTimestamp": godbus.MakeVariant(uint64(1)),
		}
	}
	u := Unit{Name: "a.service"}
	if err := u.take(good()); err != nil || !u.Running() || u.StartedAt.UnixMicro() != 1 {
		t.Fatalf("a good answer: %+v, %v", u, err)
	}
	missing := good()
	delete(missing, "SubState")
	if err := u.take(missing); err == nil || !strings.Contains(err.Error(), "lacks SubState") {
		t.Errorf("a missing property: %v", err)
	}
	wrong := good()
	wrong["NeedDaemonReload"] = godbus.MakeVariant("no")
	if err := u.take(wrong); err == nil || !strings.Contains(err.Error(), "NeedDaemonReload of another type") {
		t.Errorf("a wrong type: %v", err)
	}
}

func TestANameWithoutASuffixIsAService(t *testing.T) {
	for name, want := range map[string]string{
		"kubelet": "kubelet.service", "snap.kubelet.daemon": "snap.kubelet.daemon.service",
		"docker.socket": "docker.socket", "a.service": "a.service", "": ".service",
	} {
		if got := fullName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
