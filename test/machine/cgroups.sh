# cgroups.sh: the cgroups of a machine: one directory in every hierarchy of the outer machine. Sourced by hostctl and boot.sh.

# cgroup_version: 2 when the controllers are in the unified tree, else 1 (the hybrid layout counts as 1).
cgroup_version() { [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && echo 2 || echo 1; }

# cgroup_dirs NAME: the machine's directories. With version 1 below the cgroup we are in; with version 2 below the
# root, because a cgroup that holds processes cannot hand controllers to its children.
cgroup_dirs() {
  local id controller path mount
  if [ "$(cgroup_version)" = 2 ]; then echo "/sys/fs/cgroup/$TAG-$1"; return; fi
  while IFS=: read -r id controller path; do
    case $controller in
      '')     mount=/sys/fs/cgroup/unified;;
      name=*) mount=/sys/fs/cgroup/${controller#name=};;
      *)      mount=/sys/fs/cgroup/$controller;;
    esac
    [ -d "$mount" ] && echo "$mount${path%/}/$TAG-$1"
  done </proc/self/cgroup
}

# cgroup_make: make the directories read from standard input.
cgroup_make() {
  local d c
  while read -r d; do
    mkdir -p "$d"
    case $d in */cpuset/*)   # a new cpuset is empty: nothing could run in it
      cat "$(dirname "$d")/cpuset.cpus" >"$d/cpuset.cpus"; cat "$(dirname "$d")/cpuset.mems" >"$d/cpuset.mems"; echo 1 >"$d/cgroup.clone_children";;
    esac
    [ "$(cgroup_version)" = 2 ] && for c in cpuset cpu io memory pids hugetlb; do echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control; done 2>/dev/null
  done
  return 0
}

# cgroup_enter: move the calling shell into the directories read from standard input.
cgroup_enter() { local d; while read -r d; do echo 0 >"$d/cgroup.procs" || echo "cannot enter $d" >&2; done; }

# cgroup_remove: remove the directories read from standard input; what ran in them needs a moment to be gone.
cgroup_remove() {
  local d i
  while read -r d; do
    for i in $(seq 50); do
      [ -d "$d" ] || break
      find "$d" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.1
    done
    [ -d "$d" ] && echo "cannot remove $d: processes are left in it" >&2
  done
  return 0
}
