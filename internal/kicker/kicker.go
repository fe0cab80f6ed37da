// Package kicker is the program that looks after kubelet and kube-proxy for the first minutes after a boot. systemd starts a
// daemon that has ended again by itself, but not one whose start it has given up because something before it was missing: the
// mount of a snap, or in an LXD container the AppArmor profiles of snapd, which nobody loads there.
//
// It is a script, and not the charm's program: the charm's directory may be gone when the machine boots, and a copy of the
// program elsewhere would be 15 MB to compare in every hook. The names are those that the original charm has given it.
package kicker

// Where its parts are.
const (
	Program = "/usr/bin/cdk-service-kicker"
	Unit    = "cdk-service-kicker.service"
	File    = "/etc/systemd/system/" + Unit
	// Enabled is the link by which systemd starts it at boot.
	Enabled = "/etc/systemd/system/multi-user.target.wants/" + Unit
)

// UnitContent is the content of File.
const UnitContent = `# Written by the kubernetes-worker charm; changes are overwritten.
[Unit]
Description=Starts kubelet and kube-proxy if the boot has left them down

[Service]
Type=simple
ExecStart=` + Program + `
Restart=on-failure

[Install]
WantedBy=multi-user.target
`

// Script is the content of Program. It looks every ten seconds for ten minutes. A service has to be down at two looks, one
// after the other: snapd stops one for a moment when it refreshes the snap. What is not to start at boot is left alone, as are
// the services of a removed unit.
const Script = `#!/bin/sh
# Written by the kubernetes-worker charm; changes are overwritten.
if [ "$(head -c 13 /proc/1/environ)" = container=lxc ]; then
    for profile in /var/lib/snapd/apparmor/profiles/*; do
        if [ -f "$profile" ]; then apparmor_parser --replace "$profile"; fi
    done
fi
down=
looks=0
while [ $looks -lt 60 ]; do
    before=$down down=
    for service in snap.kubelet.daemon snap.kube-proxy.daemon; do
        case $(systemctl is-active $service) in
        inactive | failed) systemctl is-enabled --quiet $service || continue ;;
        *) continue ;;
        esac
        case " $before " in
        *" $service "*)
            echo "$service is down, starting it"
            systemctl reset-failed $service
            systemctl restart --no-block $service ;;
        *) down="$down $service" ;;
        esac
    done
    sleep 10
    looks=$((looks + 1))
done
exit 0
`
