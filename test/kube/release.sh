#!/bin/bash
# release.sh vX.Y.Z OUT: kubelet and kube-proxy of another release (1.16 or newer) in one binary with links.
set -euo pipefail
version=$1
out=$(mkdir -p "$2" && cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
minor=${version#v1.}; minor=${minor%%.*}
source=$(mktemp -d); trap 'rm -rf "$source"' EXIT
cd "$source"
"$here/gen-gomod.sh" "$version" kubernetes-worker/test/kube-release >go.mod
if [ "$minor" -ge 23 ]; then
  cp "$here/release/main.go.in" main.go
  [ "$minor" -ge 32 ] || sed -i 's/NewKubeletCommand(context.Background())/NewKubeletCommand()/; /"context"/d' main.go   # took no context before
else
  cp "$here/release/main-1.22.go.in" main.go
fi
if [ "$minor" -ge 19 ]; then
  go mod tidy
else
  # what cannot be had any more, or not be built without cgo
  cp -r "$here/../versions/parsers/absent" .
  for absent in vbom.ml/util:vbom.ml github.com/mindprince/gonvml:gonvml; do
    sed -i "s#^\(\t${absent%:*} => \).*#\1./absent/${absent#*:}#" go.mod
  done
  # the part that reads containers' use of the machine was compiled with cgo only, which it does not need
  cp -r --no-preserve=mode "$(cd / && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')" kubernetes
  rm kubernetes/pkg/kubelet/cadvisor/*_unsupported.go
  sed -i 's#^// +build cgo,linux#// +build linux#' kubernetes/pkg/kubelet/cadvisor/*.go
  sed -i 's#^replace ($#&\n\tk8s.io/kubernetes => ./kubernetes#' go.mod
  go list -mod=mod -deps . >/dev/null   # tidying would want the modules of tests, too
fi
stamp=""
for p in k8s.io/component-base/version k8s.io/client-go/pkg/version k8s.io/kubernetes/pkg/version; do stamp="$stamp -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=$minor"; done
# old releases reach into the runtime by linkname
CGO_ENABLED=0 go build -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w -checklinkname=0 $stamp" -o "$out/kubernetes" .
for c in kubelet kube-proxy; do ln -sfn kubernetes "$out/$c"; done
