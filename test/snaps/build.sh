#!/bin/bash
# build.sh OUT KUBERNETES [SUFFIX]: kubelet.snap, kube-proxy.snap and kubectl.snap made of the programs in KUBERNETES (where it has
# no kubectl: without), and the stub base snaps core.snap, core22.snap and snapd.snap, which are all that snapd needs
# to install classic snaps. SUFFIX makes another version of the snaps of the same programs.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd) programs=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
trees=$(mktemp -d); trap 'rm -rf "$trees"' EXIT
( cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$trees/configure-hook" ./configure )
cd "$trees"

# The snaps' version is that of the program. All are one binary called by name, so each snap holds the whole of it.
version=$("$programs/kubelet" --version | sed 's/.* v//')${3:-}

snap_yaml() { # NAME VERSION KIND SUMMARY, and further lines on standard input
  mkdir -p "$1/meta"
  { printf 'name: %s\nversion: "%s"\nsummary: %s\ndescription: %s, for tests\narchitectures: [all]\n' "$1" "$2" "$4" "$4"
    [ "$3" = app ] || echo "type: $3"
    cat; } >"$1/meta/snap.yaml"
}

# base_tree DIR: the directories and few programs that snapd expects of a base.
base_tree() {
  local d=$1 a
  mkdir -p $d/{bin,dev,etc/{alternatives,ssl,nsswitch.d},home,lib/{modules,firmware},lib64,media,meta,mnt,opt,proc,root,run,sbin,snap,srv,sys,tmp,writable}
  mkdir -p $d/usr/{bin,lib/snapd,lib/modules,lib/firmware,sbin,share,src,local} $d/var/{lib/snapd,lib/extrausers,lib/dhcp,log,snap,tmp,cache}
  cp "$(command -v busybox)" $d/bin/busybox
  for a in sh cat echo sleep env id ls date mkdir rm test true false grep sed cut tr head tail printf; do ln -sf busybox $d/bin/$a; done
  ln -s /bin/env $d/usr/bin/env; ln -s ../lib/snapd/snapctl $d/usr/bin/snapctl
  echo 'passwd: files' >$d/etc/nsswitch.conf; echo 'root:x:0:0:root:/root:/bin/sh' >$d/etc/passwd; echo 'root:x:0:' >$d/etc/group
  touch $d/etc/{hosts,resolv.conf,hostname,localtime,machine-id}
}
base_tree core; snap_yaml core 16-stub os "stub of the core snap" </dev/null
base_tree core22; snap_yaml core22 22-stub base "stub of the core22 snap" </dev/null
mkdir -p snapd/usr/lib/snapd; printf 'VERSION=2.50\nSNAPD_APPARMOR_REEXEC=0\n' >snapd/usr/lib/snapd/info
snap_yaml snapd 2.50-stub snapd "stub of the snapd snap" </dev/null

# Options the configure hook knows: those in the program's own help; for kubelet also long hidden ones.
options() {
  { "$programs/$1" --help | sed -nE 's/^ +(-[a-z], )?--([a-z][a-z0-9-]*)( [A-Za-z]+)?(  .*)?$/\2\3/p' |
      awk '{print $1 (NF==1 ? " bool" : "")}'
    if [ "$1" = kubelet ]; then cat "$here/files/kubelet-hidden-options"; fi; } | grep -v '^help\b' | sort -u -k1,1
}
daemon_snap() { # NAME RESTART
  local name=$1
  mkdir -p "$name/meta/hooks" "$name/bin"
  cp --reflink=auto "$(readlink -f "$programs/$name")" "$name/$name"
  install -m 755 "$here/files/daemon" "$name/bin/daemon"
  install -m 755 "$here/files/install-hook" "$name/meta/hooks/install"
  install -m 755 configure-hook "$name/meta/hooks/configure"
  options "$name" >"$name/options"
  snap_yaml "$name" "$version" app "$name of Kubernetes $version" <<Y
confinement: classic
base: core22
apps:
  $name: {command: $name}
  daemon: {command: bin/daemon, daemon: simple, restart-condition: $2}
Y
}
daemon_snap kubelet always
daemon_snap kube-proxy on-failure
snaps="core core22 snapd kubelet kube-proxy"
if [ -e "$programs/kubectl" ]; then
  snaps+=" kubectl"
  mkdir kubectl; cp --reflink=auto "$(readlink -f "$programs/kubectl")" kubectl/kubectl
  snap_yaml kubectl "$version" app "kubectl of Kubernetes $version" <<Y
confinement: classic
base: core22
apps:
  kubectl: {command: kubectl}
Y
fi

# The build shall be fast; zstd would be smaller, but snapd in an Ubuntu container mounts by a program that cannot read it.
for s in $snaps; do
  mksquashfs "$s" "$out/$s.snap" -noappend -comp lzo -Xalgorithm lzo1x_1 -no-xattrs -all-root -no-progress -quiet -mkfs-time 0 -all-time 0
done
