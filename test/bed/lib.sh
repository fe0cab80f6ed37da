# lib.sh: what all scripts of the test bed share. Sourced by them, never run by itself.
#
# Owns: the names and places of a bed (environment variables below), the cache of built parts, Debian packages of
# the outer machine, long steps with progress, and processes that are stopped by recorded pid.
# Results go to standard output, everything said to people to standard error.

TEST_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything built is kept below the cache; a bed that runs keeps its files in STATE and nowhere else.
CACHE=${KUBERNETES_WORKER_CACHE:-/var/cache/kubernetes-worker-test}
TAG=${BED_TAG:-kw}               # begins the name of each link, network namespace and cgroup: at most 6 letters
NET=${BED_NET:-10.77.0}          # the bed's /24, inside 10.0.0.0/8: .1 outer side, .2-.9 API servers, .11-.199 machines
PODS=${BED_PODS:-10.1}           # the pods of the machine with address NET.N live in PODS.N.0/24
DOMAIN=${BED_DOMAIN:-bed.test}   # DNS domain of the machines
# Packages that the machines find downloaded: what the charm installs there, and what the checks do.
BED_DEBS=${BED_DEBS:-docker.io containerd git conntrack cifs-utils ceph-common nfs-common socat nagios-nrpe-server nagios-nrpe-plugin}
STATE=${BED_STATE:-$CACHE/run/$TAG}
BRIDGE=${TAG}br

PATH=$PATH:/usr/sbin:/sbin
[ ${#TAG} -le 6 ] || { echo "BED_TAG must have at most 6 letters: $TAG" >&2; exit 2; }

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# as_root: all of the bed needs it.
as_root() { [ "$(id -u)" = 0 ] || die "cannot run as $(id -un): the test bed needs root"; }

# quietly LABEL COMMAND...: run a long step with its output in a log. Every 10 s a line says that it lives and what it
# wrote last; a failure shows the end of the log.
quietly() {
  local label=$1 log start=$SECONDS caller=$BASHPID beat rc; shift
  mkdir -p "$CACHE/log"; log=$CACHE/log/${label//[^a-zA-Z0-9.@-]/-}.log
  say "$label ..."
  ( heartbeat "$label" "$log" "$caller" ) >&2 & beat=$!
  rc=0; "$@" >"$log" 2>&1 || rc=$?
  { kill $beat; wait $beat; } 2>/dev/null || true
  [ $rc = 0 ] || { tail -n 15 "$log" >&2; say "$label: failed after $((SECONDS-start)) s, all of it: $log"; return $rc; }
  say "$label: $((SECONDS-start)) s"
}
heartbeat() { # until the process $3 is gone; "read" is the sleep: killing it leaves no child behind
  local start=$SECONDS told=0
  exec 8>&- 9>&- 7<> <(:)
  while read -r -t 1 -u 7 || [ "$(cut -d' ' -f4 "/proc/$BASHPID/stat")" = "$3" ]; do
    [ $((SECONDS-start)) -ge $((told+10)) ] || continue
    told=$((SECONDS-start))
    say "$1 ... $told s ($(wc -l <"$2") lines) $(tail -n 1 "$2" | cut -c1-100)"
  done
}

# wait_for SECONDS LABEL COMMAND...: poll until COMMAND succeeds; a line every 5 s; fails when the time is over.
wait_for() {
  local limit=$1 label=$2 start=$SECONDS told=0; shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $((SECONDS-start)) -ge "$limit" ]; then say "waited $limit s for $label"; return 1; fi
    if [ $(((SECONDS-start)/5)) -gt $told ]; then told=$(((SECONDS-start)/5)); say "waiting for $label ... $((SECONDS-start)) s"; fi
    sleep 0.1
  done
}

# need COMMAND:PACKAGE...: install the packages whose command is missing; waits while another apt or dpkg runs.
need() {
  local p missing=() start=$SECONDS
  for p in "$@"; do command -v "${p%%:*}" >/dev/null || missing+=("${p#*:}"); done
  [ ${#missing[@]} = 0 ] && return 0
  as_root
  mkdir -p "$CACHE/lock"
  (
    flock 8
    export DEBIAN_FRONTEND=noninteractive
    until apt-get -qq update 2>"$CACHE/lock/apt.err"; do
      grep -q -i 'could not get lock' "$CACHE/lock/apt.err" && [ $((SECONDS-start)) -lt 600 ] || { cat "$CACHE/lock/apt.err" >&2; exit 1; }
      say "waiting for another apt-get ... $((SECONDS-start)) s"; sleep 3
    done
    quietly "packages ${missing[*]}" apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" 8>&-
  ) 8>"$CACHE/lock/apt" || die "cannot install ${missing[*]}"
}

# go_settings: one build cache and one module cache for all parts, also when HOME is empty. The flags stay fixed:
# others would compile all of Kubernetes again.
go_settings() {
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || die "cannot find go: install it from https://go.dev/dl"
  export GOCACHE=$CACHE/go-build GOMODCACHE=$CACHE/go-mod GOPATH=$CACHE/go GOFLAGS=-buildvcs=false CGO_ENABLED=0 GOWORK=off
}

# spawn NAME COMMAND...: start a daemon in its own session, its output in STATE/NAME.log. It records its pid itself, so
# that it is found also when the caller is killed at this moment.
spawn() {
  local name=$1 i; shift
  mkdir -p "$STATE"; rm -f "$STATE/$name.pid"
  setsid bash -c 'echo "$$ $(sed "s/.*) //" /proc/$$/stat | cut -d" " -f20)" >"$0"; exec "$@"' "$STATE/$name.pid" "$@" \
    </dev/null >"$STATE/$name.log" 2>&1 3>&- 4>&- 8>&- 9>&- &
  for i in $(seq 100); do [ -s "$STATE/$name.pid" ] && return; sleep 0.02; done
}

# started PID: when the process began, in clock ticks; with the pid it names one process for ever. Nothing for one that
# has ended and waits for its parent.
started() { sed -n 's/.*) //; /^Z/!p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# alive NAME: prints the pid when the recorded process still runs.
alive() {
  local p s
  read -r p s 2>/dev/null <"$STATE/$1.pid" || return 1
  [ -n "$s" ] && [ "$(started "$p")" = "$s" ] && echo "$p"
}

# halt NAME [SIGNAL]: tell the recorded process to end (TERM), insist after 3 s, forget it.
halt() {
  local p i
  if p=$(alive "$1"); then
    kill "-${2:-TERM}" "$p" 2>/dev/null
    for i in $(seq 30); do alive "$1" >/dev/null || break; sleep 0.1; done
    alive "$1" >/dev/null && kill -KILL "$p" 2>/dev/null
  fi
  rm -f "$STATE/$1.pid"
}
