#!/bin/bash
# pin.sh vX.Y.Z: write modules/1.Y, go.mod and go.sum for the programs of that release, from what Kubernetes itself
# requires (not for 1.12, which has no go.mod). Run by hand to move to another patch release, and name it in "releases" too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../bed/lib.sh"
go_settings
version=$1
minor=${version#v1.}; minor=${minor%%.*}
source=$(mktemp -d); trap 'rm -rf "$source"' EXIT
cp -r "$here/parsers/." "$source"
cd "$source"
"$here/../kube/gen-gomod.sh" "$version" kubernetes-worker/test/versions/parsers | sed 's/^go .*/go 1.26/' >go.mod.new
mv go.mod.new go.mod
# what cannot be had or not be built without cgo, and is not needed
for absent in vbom.ml/util:vbom.ml github.com/mindprince/gonvml:gonvml; do
  sed -i "s#^\(\t\|replace \)${absent%:*} => .*#\1${absent%:*} => ./absent/${absent#*:}#" go.mod
done
# not "go mod tidy", which would look for what the files of all releases import
go list -mod=mod -tags "$("$here/tags.sh" "$minor")" -deps ./kubelet ./kube-proxy >/dev/null
mkdir -p "$here/modules/1.$minor"
cp go.mod go.sum "$here/modules/1.$minor"
