// Package apt owns the machine's Debian packages: it reads their state from dpkg's own files, without a process, and
// changes it with apt-get, non-interactively and with bounded retries of what may pass.
//
// It never decides which package is wanted, never writes repositories and never answers dpkg's questions other than by
// keeping the configuration files that are there.
package apt
