#!/bin/bash
# build.sh OUT: the images that the actions registry and microbot run, as docker-archive files: registry.tar and
# microbot.tar, under the names that they have with the registry of the bed.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
programs=$(mktemp -d); trap 'rm -rf "$programs"' EXIT
arch=$(go env GOARCH | sed s/ppc64le/ppc64el/)
go build -v -trimpath -ldflags "-s -w" -o "$programs/registry" .
(cd ../images && go build -trimpath -ldflags "-s -w" -o "$programs/" ./app ./mkimage)
"$programs/mkimage" "$out/registry.tar" "registry.demo.test/cdk/cdkbot/registry-$arch:2.6" "$programs/registry"
"$programs/mkimage" "$out/microbot.tar" "registry.demo.test/cdk/cdkbot/microbot-$arch:latest" "$programs/app" serve :80
