#!/bin/bash
# snapd-test.sh OUT BASE: the machines' own snapd, built from the distribution's source package with the upstream build
# tag "withtestkeys", so that it trusts what is signed with snapd's published test keys. A real snapd then takes snaps from
# a store of ours, with everything it checks of a store. Built inside a machine, so that nothing is installed outside.
#
#   OUT/layer        layer over the machine's root: /usr/lib/snapd/snapd
#   OUT/sign-snaps   signs the assertions of a snap for such a store (snapd-test/main.go.in)
set -euo pipefail
out=$1 base=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/scratch.sh"
scratch_machine "$base"
root=$("$here/hostctl" root baker)
install -D -m 644 "$here/snapd-test/main.go.in" "$root/root/sign-snaps/main.go"
"$here/hostctl" exec baker bash -s <<'B'
set -euo pipefail
apt-get update -q
dev=() # Debian's Go libraries that snapd's daemon is made of
for library in gopkg-{check.v1,macaroon.v1,mgo.v2,retry.v1,tomb.v2,tylerb-graceful.v1,yaml.v2,yaml.v3} golang-x-{crypto,net,sys,xerrors} \
  github-{boltdb-bolt,coreos-go-systemd,godbus-dbus,gorilla-mux,jessevdk-go-flags,juju-ratelimit,kr-pretty,mvo5-goconfigparser,seccomp-libseccomp-golang}; do
  dev+=("golang-$library-dev")
done
apt-get install -y -q --no-install-recommends golang-github-snapcore-snapd-dev golang-go gcc libc6-dev pkg-config libseccomp-dev libudev-dev "${dev[@]}"

export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS=
cd /usr/share/gocode/src/github.com/snapcore/snapd
mv /root/sign-snaps cmd/sign-snaps
version=$(dpkg-query -W -f '${source:Upstream-Version}' golang-github-snapcore-snapd-dev)
mkdir /root/out
go build -tags "withtestkeys nosecboot" -ldflags "-s -w -X github.com/snapcore/snapd/snapdtool.Version=$version" -o /root/out/snapd ./cmd/snapd
CGO_ENABLED=0 go build -ldflags "-s -w" -o /root/out/sign-snaps ./cmd/sign-snaps
B
install -D -m 755 "$root/root/out/snapd" "$out/layer/usr/lib/snapd/snapd"
install -m 755 "$root/root/out/sign-snaps" "$out/sign-snaps"
