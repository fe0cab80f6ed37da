#!/bin/bash
# build.sh OUT: the two images that pods of the bed use, as docker-archive files: pause.tar and app.tar.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
registry=registry.demo.test/cdk
programs=$(mktemp -d); trap 'rm -rf "$programs"' EXIT
go build -trimpath -ldflags "-s -w" -o "$programs/" ./pause ./app ./mkimage
"$programs/mkimage" "$out/pause.tar" $registry/pause:3.9 "$programs/pause"
"$programs/mkimage" "$out/app.tar" $registry/app:1 "$programs/app"
