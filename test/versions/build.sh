#!/bin/bash
# build.sh vX.Y.Z OUT: the programs kubelet and kube-proxy that answer for those of that release (see parsers/). What is
# linked is pinned in modules/1.Y; the flags are those of kube/release.sh, so that what both compile is compiled once.
set -euo pipefail
version=$1
out=$(mkdir -p "$2" && cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
minor=${version#v1.}; minor=${minor%%.*}
source=$(mktemp -d); trap 'rm -rf "$source"' EXIT
cp -r "$here/parsers/." "$here/modules/1.$minor/." "$source"
cd "$source"
if grep -q '=> ./staging/' go.mod; then
  kubernetes=$(cd / && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -r --no-preserve=mode "$kubernetes/staging" .
  for m in staging/src/k8s.io/*/; do printf 'module k8s.io/%s\n\ngo 1.12\n' "$(basename "$m")" >"$m/go.mod"; done
fi
# old releases reach into the runtime by linkname
CGO_ENABLED=0 go build -tags "$("$here/tags.sh" "$minor")" -trimpath -gcflags=all=-dwarf=false \
  -ldflags "-s -w -checklinkname=0" -o "$out/" ./kubelet ./kube-proxy
