// Package systemdtest is a stand-in for systemd that listens on its private D-Bus socket below a root directory. It
// keeps units in a state file, finds unit files and drop-ins below the root as systemd does, counts what is asked of it,
// and can be told to fail. It runs no processes.
//
// It is for tests and for the simulated Juju; the charm never links it.
package systemdtest
