#!/bin/bash
# build.sh OUT: the image registry of the bed, as OUT/registry, and what puts an image into any registry, as OUT/push.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
mkdir -p "$1"
go build -trimpath -ldflags '-s -w' -o "$1/" . ./push
