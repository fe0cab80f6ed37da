#!/bin/bash
# apiserver.sh vX.Y.Z OUT: the kube-apiserver of an old release (1.16 to 1.22, those that have a go.mod and the schema of
# their objects not in it) as OUT. Run by hand, to try the charm's objects on a real server of that release:
#
#   test/versions/apiserver.sh v1.20.15 /tmp/kube-apiserver-1.20
#   API_SERVER=/tmp/kube-apiserver-1.20 go test ./test/api -run Objects
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../bed/lib.sh"
go_settings
version=$1 out=$(realpath -m "$2")
minor=${version#v1.}; minor=${minor%%.*}
work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
cp -r "$here/parsers/absent" .
"$here/../kube/gen-gomod.sh" "$version" kubernetes-worker/test/apiserver | sed 's/^go .*/go 1.26/' >go.mod
for absent in vbom.ml/util:vbom.ml github.com/mindprince/gonvml:gonvml; do
  sed -i "s#^\(\t\|replace \)${absent%:*} => .*#\1${absent%:*} => ./absent/${absent#*:}#" go.mod
  grep -q "${absent%:*} =>" go.mod || go mod edit -replace "${absent%:*}=./absent/${absent#*:}"
done
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if err := app.NewAPIServerCommand().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
GO
export GOFLAGS="${GOFLAGS:-} -mod=mod" CGO_ENABLED=0
go list -deps . >linked

# The schema, by which the server merges, is generated at a release's build and is not in its module.
modules=$(go env GOMODCACHE)/k8s.io
tagged() { # PATH NAME: import paths below PATH, whose import path is NAME, that ask for a schema
  { grep -rl --include='*.go' --exclude='*_test.go' --exclude-dir=vendor --exclude-dir=staging '+k8s:openapi-gen=true' "$1" || true; } |
    xargs -rn1 dirname | sed "s#^$1#$2#"
}
for name in api apimachinery apiserver apiextensions-apiserver kube-aggregator client-go component-base metrics kube-controller-manager; do
  [ ! -d "$modules/$name@v0.${version#v1.}" ] || tagged "$modules/$name@v0.${version#v1.}" "k8s.io/$name"
done >found
tagged "$modules/kubernetes@$version" k8s.io/kubernetes >>found
sort -u found | grep -xFf linked >inputs
mkdir kubernetes
cp -r "$modules/kubernetes@$version"/{go.mod,cmd,pkg,plugin,third_party,test} kubernetes/
chmod -R u+w kubernetes
: >header
go build -ldflags=-checklinkname=0 -o openapi-gen k8s.io/kube-openapi/cmd/openapi-gen
# the generator is from before aliases were types
GODEBUG=gotypesalias=0 ./openapi-gen -i "$(paste -sd, inputs)" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
  -h header --output-base generated -r report
cp generated/k8s.io/kubernetes/pkg/generated/openapi/*.go kubernetes/pkg/generated/openapi/
go mod edit -replace k8s.io/kubernetes=./kubernetes

stamp=""
for p in k8s.io/component-base/version k8s.io/client-go/pkg/version k8s.io/kubernetes/pkg/version; do
  stamp="$stamp -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=$minor"
done
go build -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w -checklinkname=0 $stamp" -o "$out" .
