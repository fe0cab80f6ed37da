# qemu.sh: how a virtual machine is started. Sourced. Its processor is computed: that is the same everywhere, where a machine that
# is virtual itself often has a /dev/kvm that does not work.
qemu=(qemu-system-x86_64 -accel "tcg,thread=single" -cpu max -smp 1 -m 768 -display none -nic none)
