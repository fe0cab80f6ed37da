#!/bin/bash
# base.sh OUT: root file system of the machines in OUT/root, of the same Debian or Ubuntu release as this machine and
# from the same archives. Third-party sources are left out.
set -euo pipefail
out=$1
packages=apt,systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,snapd,squashfs-tools,iproute2,iptables,nftables
packages+=,ca-certificates,curl,jq,procps,kmod,udev,iputils-ping,socat,less,netbase,sudo,openssl
. /etc/os-release
case $ID in
  debian) keyring=/usr/share/keyrings/debian-archive-keyring.gpg; origin=Debian;;
  ubuntu) keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg; origin=Ubuntu
    packages+=,fuse3;;   # its snapd mounts snaps with a program of its own in containers
  *) echo "cannot make machines of $ID: this needs Debian or Ubuntu" >&2; exit 1;;
esac

# What apt uses here, whatever the form of its source files; a list of mirrors is replaced by its first entry.
sources() {
  local from repository release component
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u |
  while read -r from repository release component; do
    [ "$from" = "$origin" ] || continue
    case $release in *-backports|*-proposed*) continue;; esac
    case $repository in mirror+file:*)
      repository=$(grep -o -m 1 'https\?://[^[:space:]]*' "/${repository#mirror+file:/}");; esac
    echo "deb [signed-by=$keyring] $repository $release $component"
  done
}
mkdir -p "$out"
sources >"$out/sources.list"
[ -s "$out/sources.list" ] || { echo "cannot find a source of $origin packages: run apt-get update" >&2; exit 1; }

# snap-confine of snapd 2.70 and newer, which comes as an update of Ubuntu, refuses to work without CAP_SYS_RESOURCE.
# Where the outer machine lacks it, take the snapd that the release began with.
pin=$out/preferences; : >"$pin"
capabilities=0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
if [ "$ID" = ubuntu ] && [ $((capabilities >> 24 & 1)) = 0 ]; then
  printf 'Package: snapd\nPin: release a=%s\nPin-Priority: 1001\n' "$VERSION_CODENAME" >"$pin"
fi

mmdebstrap --mode=root --variant=minbase --include="$packages" \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --setup-hook="cp '$pin' \"\$1/etc/apt/preferences.d/snapd\"" "$VERSION_CODENAME" "$out/root" "$out/sources.list"

# Each machine gets its own name and id; what wants real hardware or the network's daily jobs is off.
rm -f "$out"/root/etc/{hostname,resolv.conf}; : >"$out/root/etc/machine-id"
for unit in console-getty.service getty@tty1.service getty-static.service apt-daily.timer apt-daily-upgrade.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer sys-kernel-debug.mount sys-kernel-tracing.mount \
  dev-hugepages.mount systemd-journald-audit.socket; do
  ln -sf /dev/null "$out/root/etc/systemd/system/$unit"
done
