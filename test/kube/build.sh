#!/bin/bash
# build.sh OUT: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubectl and a
# small crictl in one static binary, called by name through links. The release is the one go.mod requires.
set -eu
cd "$(dirname "$0")"
out=$1
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
number=${version#v}; major=${number%%.*}; minor=${number#*.}; minor=${minor%%.*}
stamp=""
for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamp="$stamp -X $p.gitVersion=$version -X $p.gitMajor=$major -X $p.gitMinor=$minor -X $p.gitTreeState=clean"
  stamp="$stamp -X $p.gitCommit=0000000000000000000000000000000000000000 -X $p.buildDate=1970-01-01T00:00:00Z"
done
mkdir -p "$out"
CGO_ENABLED=0 go build -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w $stamp" -o "$out/kubernetes" .
for c in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl crictl; do
  ln -sfn kubernetes "$out/$c"
done
