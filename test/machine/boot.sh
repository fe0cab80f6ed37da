#!/bin/bash
# boot.sh supervise NAME: boots machine NAME, again after each reboot, and ends when it powers off. Started by hostctl.
# The boot has three stages, each in more namespaces of its own: supervise, namespaced, init (PID 1, becomes systemd).
set -uo pipefail
HERE=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$HERE/../bed/lib.sh"
. "$HERE/cgroups.sh"
N=$2 M=$STATE/machines/$2
CPUS=$(nproc --all)
TRY_NEXT_CPU=77   # exit status of init: see ns_order

supervise() {
  local cpu=0 i u rc
  cgroup_make <"$M/cgroups"
  for i in $(seq 50); do   # at most 50 boots
    echo "$(date +%s.%N) boot $i" >>"$M/events"
    taskset -c "$cpu" setpriv --pdeathsig KILL nsenter --net="/run/netns/$TAG-$N" \
      unshare --mount --pid --uts --ipc --fork --kill-child=SIGKILL --propagation private bash "$0" namespaced "$N" &
    u=$!; echo $u >"$M/unshare.pid"
    wait $u; rc=$?
    echo "$(date +%s.%N) exit $rc" >>"$M/events"
    case $rc in
      129) continue;;                                                        # reboot(2) in a PID namespace: init dies of SIGHUP
      $TRY_NEXT_CPU) cpu=$(((cpu+1)%CPUS)); [ $cpu = 0 ] && break; continue;;
      *) break;;                                                             # 130, SIGINT: power off
    esac
  done
  rm -f "$M/unshare.pid"
}

# The cgroup namespace's root is the cgroup of who makes it: enter the machine's cgroups first.
namespaced() { cgroup_enter <"$M/cgroups"; exec unshare --cgroup bash "$0" init "$N"; }

init() {
  local root=$M/root lay d kind=bed
  set -e
  [ ! -e "$M/container" ] || kind=$(cat "$M/container")   # what the machine is told it is in
  lay=$(cat "$M/layers")
  mount -t overlay overlay -o lowerdir="${lay:+$lay:}$(cat "$M/base")",upperdir="$M/upper",workdir="$M/work" "$root"
  cd "$root"
  for d in docker containerd kubelet; do mkdir -p var/lib/$d; mount --bind "$M/$d" var/lib/$d; done   # an overlay cannot be the upper of another
  devices
  ns_order
  cgroups
  kernel_settings
  mkdir -p mnt; pivot_root . mnt
  # "/" must be shared, or removing a strict snap fails
  exec chroot . /bin/sh -c 'umount -l /mnt; mount --make-rshared /; exec env -i container='$kind' PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb HOME=/root /lib/systemd/systemd --log-target=journal --show-status=0' </dev/null >/dev/null 2>&1
}

devices() {
  local i name numbers
  mount -t proc proc proc -o nosuid,nodev,noexec
  mount -t sysfs sysfs sys -o nosuid,nodev,noexec          # writable: snapd runs "udevadm trigger"
  for i in kernel module power firmware; do [ -d sys/$i ] || continue; mount --bind sys/$i sys/$i; mount -o remount,bind,ro,nosuid,nodev,noexec sys/$i; done
  mount -t tmpfs tmpfs dev -o mode=755,nosuid,size=4m
  mount -t tmpfs tmpfs run -o mode=755,nosuid,nodev
  mount -t tmpfs tmpfs tmp -o mode=1777,nosuid,nodev
  mkdir dev/pts dev/shm dev/net dev/mqueue
  mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666,mode=620,gid=5
  mount -t tmpfs tmpfs dev/shm -o mode=1777,nosuid,nodev
  mount -t mqueue mqueue dev/mqueue
  ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd
  for i in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${i%:*} dev/${i#*:}; done
  while read -r name numbers; do mknod -m 666 dev/$name c $numbers; done <<< $'null 1 3\nzero 1 5\nfull 1 7\nrandom 1 8\nurandom 1 9\ntty 5 0\nfuse 10 229\nnet/tun 10 200'
  mknod -m 660 dev/loop-control c 10 237
  for i in $(seq 0 127); do mknod -m 660 dev/loop$i b 7 $i; done
  ln -s null dev/kmsg; mknod -m 622 dev/console c 1 3      # neither the outer kernel's log nor its console
}

# Linux 6.18 takes namespace ids from batches per CPU and refuses to bind a mount namespace whose id is lower than that
# of the caller; strict snaps then fail at random ("cannot preserve mount namespace"). So a machine starts on the CPU
# with the lowest ids: this tries whether namespaces made on every CPU can be bound here.
ns_order() {
  local c p
  : >dev/nstest; mount --make-private dev
  for c in $(seq 0 $((CPUS-1))); do
    taskset -c $c unshare --mount sleep 3 & p=$!
    until [ "$(readlink proc/$p/ns/mnt)" != "$(readlink proc/self/ns/mnt)" ]; do sleep 0.005; done
    mount --bind proc/$p/ns/mnt dev/nstest 2>/dev/null || { kill $p; exit $TRY_NEXT_CPU; }
    umount dev/nstest; kill $p; wait $p 2>/dev/null || true
  done
  rm dev/nstest; taskset -pc 0-$((CPUS-1)) 1 >/dev/null
}

cgroups() {
  local c
  if [ "$(cgroup_version)" = 2 ]; then mount -t cgroup2 cgroup2 sys/fs/cgroup -o nosuid,nodev,noexec; return; fi
  mount -t tmpfs tmpfs sys/fs/cgroup -o mode=755,nosuid,nodev,noexec
  mkdir sys/fs/cgroup/unified; mount -t cgroup2 cgroup2 sys/fs/cgroup/unified -o nosuid,nodev,noexec
  mkdir sys/fs/cgroup/systemd; mount -t cgroup cgroup sys/fs/cgroup/systemd -o none,name=systemd,nosuid,nodev,noexec
  for c in cpu cpuacct cpuset memory devices freezer blkio pids; do
    mkdir sys/fs/cgroup/$c; mount -t cgroup cgroup sys/fs/cgroup/$c -o $c,nosuid,nodev,noexec
  done
  mount -o remount,ro sys/fs/cgroup
}

# Kernel-wide settings stay those of the outer machine. The ones that charms and kubelets write are private files, so
# that "sysctl -p" succeeds and changes nothing outside.
kernel_settings() {
  local s f i
  mount --bind proc/sys proc/sys; mount -o remount,ro,bind,nosuid,nodev,noexec proc/sys
  mount --bind /proc/sys/net proc/sys/net
  mkdir -p run/settings
  for s in kernel/panic kernel/panic_on_oops vm/overcommit_memory vm/panic_on_oom kernel/keys/root_maxkeys kernel/keys/root_maxbytes \
    kernel/pid_max fs/inotify/max_user_instances fs/inotify/max_user_watches fs/file-max vm/max_map_count net/netfilter/nf_conntrack_max; do
    [ -e proc/sys/$s ] || continue
    f=run/settings/${s//\//.}; cat proc/sys/$s >$f; mount --bind $f proc/sys/$s
  done
  for i in ipv4 ipv6; do   # gc_thresh* exist only in the first network namespace
    s=proc/sys/net/$i/neigh; f=run/settings/neigh-$i; [ -d $s ] || continue
    cp -r $s $f 2>/dev/null || true; mkdir -p $f/default
    echo 128 >$f/default/gc_thresh1; echo 512 >$f/default/gc_thresh2; echo 1024 >$f/default/gc_thresh3; mount --bind $f $s
  done
  cat /proc/sys/kernel/random/uuid >run/settings/boot_id; mount --bind run/settings/boot_id proc/sys/kernel/random/boot_id
  mount -o remount,bind,ro proc/sys/kernel/random/boot_id
  # the kernel's command line is what the machine's own GRUB settings would have given at this boot
  ( set +e; GRUB_CMDLINE_LINUX='' GRUB_CMDLINE_LINUX_DEFAULT=''
    for f in etc/default/grub etc/default/grub.d/*.cfg; do [ -f "$f" ] && . "./$f"; done
    echo "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT" | tr -s ' ' | sed 's/ $//' ) >run/settings/cmdline
  mount --bind run/settings/cmdline proc/cmdline
  if [ -e proc/sysrq-trigger ]; then mount --bind dev/null proc/sysrq-trigger; fi
}

"$1"
