#!/bin/bash
# build.sh OUT: the charm's cni resource, OUT/cni-<arch>.tgz: bridge, ptp, host-local, loopback and portmap at its top.
# The same sources give the same bytes.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
p=github.com/containernetworking/plugins
version=$(go list -m -f '{{.Version}}' $p)
programs=$(mktemp -d); trap 'rm -rf "$programs"' EXIT
CGO_ENABLED=0 go build -v -trimpath -ldflags "-s -w -X $p/pkg/utils/buildversion.BuildVersion=$version" -o "$programs/" \
  $p/plugins/main/bridge $p/plugins/main/ptp $p/plugins/main/loopback $p/plugins/ipam/host-local $p/plugins/meta/portmap
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=755 -C "$programs" -cf - . | gzip -n -6 >"$out/cni-$(go env GOARCH).tgz"
