# scratch.sh: one machine "baker" in a bed of its own, removed at the end, for making layers. Sourced.

# scratch_machine BASE: boot it. Beds of other processes are not touched: name and subnet come from the process id.
scratch_machine() {
  export BED_TAG=kb$(( $$ % 1000 )) BED_NET=10.76.$(( $$ % 250 )) BED_PODS=10.75 BED_BASE=$1 BED_LAYERS=
  unset BED_STATE
  trap '"$here/hostctl" down-all' EXIT
  "$here/hostctl" up baker 11
}
