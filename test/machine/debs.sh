#!/bin/bash
# debs.sh OUT BASE PACKAGE...: let a machine fetch package lists and download packages; keep both in OUT as a layer. An
# "apt-get install" in a machine with this layer is a real one but needs the network only for what has changed since.
set -euo pipefail
out=$1 base=$2; shift 2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/scratch.sh"
scratch_machine "$base"
"$here/hostctl" exec baker apt-get update
"$here/hostctl" exec baker apt-get install -y --no-install-recommends --download-only "$@"
root=$("$here/hostctl" root baker)
mkdir -p "$out/var/cache/apt/archives" "$out/var/lib/apt/lists"
cp -a "$root"/var/cache/apt/archives/*.deb "$out/var/cache/apt/archives/"
for f in "$root"/var/lib/apt/lists/*; do case ${f##*/} in lock|partial|auxfiles) ;; *) cp -a "$f" "$out/var/lib/apt/lists/";; esac; done
