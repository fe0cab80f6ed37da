#!/bin/bash
# gen-gomod.sh vX.Y.Z MODULE: print a go.mod that requires that release of Kubernetes, with its staging modules replaced
# by the published versions that belong to it, and with what it pinned of others (up to 1.24).
#
# To move the bed to another release: gen-gomod.sh vX.Y.Z kubernetes-worker/test/kube >go.mod && go mod tidy
set -euo pipefail
version=$1 module=$2
# outside of the directory where go.mod is being written
theirs=$(cd / && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
printf 'module %s\n\n%s\n\nrequire k8s.io/kubernetes %s\n\nreplace (\n' "$module" "$(grep '^go ' "$theirs")" "$version"
sed -n 's#^[[:space:]]*\(replace \)\?\(k8s.io/[a-z0-9-]*\) => ./staging/src/.*#\2#p' "$theirs" | sort -u |
  while read -r m; do printf '\t%s => %s v0.%s\n' "$m" "$m" "${version#v1.}"; done
# Two of its pins are older than what the Go of today compiles: for these the version that is required is taken.
sed -nE 's#^[[:space:]]*(replace )?([^ ]+ => [^ .]+\.[^ ]+ v[^ ]+)$#\t\2#p' "$theirs" | grep -vE '^.golang\.org/x/(sys|tools) ' || true
echo ')'
