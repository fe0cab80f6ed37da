# expect.sh: how the checks of a joined machine ask and tell. Sourced by scripts that test/demo runs (DEMO_THEN there), in
# the environment that it exports.
unit=kubernetes-worker/0
running="Kubernetes worker running."
passed=0 failed=0
check() { # NAME COMMAND...: the command must succeed
  local name=$1; shift
  if "$@" >"$STATE/check.log" 2>&1; then passed=$((passed+1)); echo "ok      $name"
  else failed=$((failed+1)); echo "FAILED  $name"; sed 's/^/        /' "$STATE/check.log"; fi
}
verdict() { echo "$passed passed, $failed failed"; [ $failed = 0 ]; }

on() { "$hostctl" exec $node "$@"; }
kubectl() { "$cp" kubectl "$@"; }
node_is() { kubectl get node $node -o "jsonpath={$1}" | grep -qE "$2"; }
said() { juju status | grep -F "$unit" | grep -qF "$1"; }
says() { said "$1" || { juju status; return 1; }; }
quietly_run() { "$@" >"$STATE/juju.log" 2>&1 || { cat "$STATE/juju.log"; return 1; }; }
last_report() { tail -n 1 "$root/var/log/kubernetes-worker-report"; }
restarts() { on systemctl show -p NRestarts -p ActiveEnterTimestampMonotonic --value "$1" | tr '\n' ' '; }
remember() { kubelet=$(restarts snap.kubelet.daemon) proxy=$(restarts snap.kube-proxy.daemon) runtime=$(restarts containerd); }
unchanged() { [ "$kubelet" = "$(restarts snap.kubelet.daemon)" ] && [ "$proxy" = "$(restarts snap.kube-proxy.daemon)" ]; }
back() { quietly_run juju update-status $unit; said "$running"; }
recovered() { wait_for 60 "the unit to recover" back; }
