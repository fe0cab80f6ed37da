#!/bin/bash
# snapd-layer.sh OUT BASE SNAPS: boot a machine from BASE, install the stub base snaps of SNAPS, keep what it wrote in OUT.
set -euo pipefail
out=$1 base=$2 snaps=$3
here=$(cd "$(dirname "$0")" && pwd)
. "$here/scratch.sh"
scratch_machine "$base"
for s in snapd core core22; do
  cp "$snaps/$s.snap" "$("$here/hostctl" root baker)/root/"
  "$here/hostctl" exec baker snap install --dangerous "/root/$s.snap"
  "$here/hostctl" exec baker rm "/root/$s.snap"
done
"$here/hostctl" bake baker "$out"
