#!/bin/bash
# tags.sh MINOR: the build tags of a release, like go1.N in Go itself: what is for 1.20 and later has the tag kube1.20.
set -euo pipefail
tags=kube1.12
for minor in $(seq 13 "$1"); do tags=$tags,kube1.$minor; done
echo "$tags"
