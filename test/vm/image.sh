#!/bin/bash
# image.sh OUT BASE: a disk in OUT/disk that a virtual machine boots from by itself: BIOS, GRUB, the distribution's kernel, and
# the root file system BASE of the bed's machines, with cgroup v1, where option enable-cgroups has a meaning. What it runs after
# its boot is the program "story" on a second disk. Nothing of the outer machine is changed.
set -euo pipefail
out=$1 base=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/qemu.sh"
size=1200   # MiB
mkdir -p "$out/root"
root=$out/root
finish() { for m in proc dev; do umount "$root/$m" 2>/dev/null || true; done; rm -rf --one-file-system "$root"; }
trap finish EXIT
cp -a "$base/." "$root"

# The kernel and the boot loader; the first disk to write the loader to does not exist before the first boot.
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
echo 'grub-pc grub-pc/install_devices_empty boolean true' | inside debconf-set-selections
. "$root/etc/os-release"
case $ID in debian) kernel=linux-image-cloud-amd64;; *) kernel=linux-image-virtual;; esac
inside apt-get update
inside apt-get purge -y snapd     # whose store nobody is here to be
inside apt-get install -y --no-install-recommends "$kernel" grub-pc initramfs-tools
echo MODULES=list >"$root/etc/initramfs-tools/conf.d/modules"
printf 'virtio_pci\nvirtio_blk\next4\n' >>"$root/etc/initramfs-tools/modules"
inside update-initramfs -u
# The charm wants packages that have nothing to do with this: as empty ones nobody has to fetch them.
for name in cifs-utils ceph-common nfs-common snapd; do
  mkdir -p "$root/tmp/$name/DEBIAN"
  printf 'Package: %s\nVersion: 99:9\nArchitecture: all\nMaintainer: test <test@bed.test>\nDescription: stands in for %s\n' $name $name >"$root/tmp/$name/DEBIAN/control"
  inside dpkg-deb --build /tmp/$name /tmp/$name.deb
  inside dpkg -i /tmp/$name.deb
  rm -r "$root/tmp/$name" "$root/tmp/$name.deb"
done
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb "$root/usr/sbin/policy-rc.d" "$root"/etc/apt/sources.list{,.d/*}
umount "$root/proc" "$root/dev"

# What an operator has written there before: it is to stay.
cat >"$root/etc/default/grub" <<'G'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISABLE_OS_PROBER=true
GRUB_TERMINAL=console
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=ttyS0 systemd.unified_cgroup_hierarchy=0"
G
echo "/dev/vda1 / ext4 defaults 0 0" >"$root/etc/fstab"
echo worker >"$root/etc/hostname"
cat >"$root/etc/systemd/system/story.service" <<'U'
[Unit]
After=multi-user.target
[Service]
Type=exec
ExecStart=/bin/sh -c 'mount -o ro LABEL=story /mnt && exec /mnt/story'
StandardOutput=file:/dev/ttyS1
StandardError=file:/dev/ttyS1
[Install]
WantedBy=default.target
U
inside systemctl enable story.service
cat >"$root/setup" <<'S'
#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys
grub-install --target=i386-pc /dev/vda && update-grub && rm /setup && echo "the loader is there"
sync; echo u >/proc/sysrq-trigger; sleep 1; echo o >/proc/sysrq-trigger; sleep 60
S
chmod 755 "$root/setup"

# One partition, as every BIOS boots it: the loader fits into the megabyte before it.
truncate -s ${size}M "$out/disk"
mkfs.ext4 -q -L root -E offset=1048576 -d "$root" "$out/disk" $((size-1))M
little() { printf "\\x$(printf %x $(($1&255)))\\x$(printf %x $(($1>>8&255)))\\x$(printf %x $(($1>>16&255)))\\x$(printf %x $(($1>>24)))"; }
{ printf '\x80\xfe\xff\xff\x83\xfe\xff\xff'; little 2048; little $(((size-1)*2048)); } | dd of="$out/disk" bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of="$out/disk" bs=1 seek=510 conv=notrunc status=none

# The first boot, by the kernel alone, writes the loader.
timeout 300 "${qemu[@]}" -drive "file=$out/disk,if=virtio,format=raw" -serial stdio \
  -kernel "$root"/boot/vmlinuz-* -initrd "$root"/boot/initrd.img-* -append "root=/dev/vda1 rw console=ttyS0 quiet init=/setup" </dev/null | tee "$out/setup.log"
grep -q "the loader is there" "$out/setup.log"
