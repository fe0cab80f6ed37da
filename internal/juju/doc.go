// Package juju owns the only talk with Juju: what one invocation was started for, one reading of what the model says
// (Snapshot), and one set of buffered answers (Writes) of which only the differences are sent.
//
// It speaks through two transports with one contract: the documented tools on PATH, and the unit agent's socket that
// each of those tools dials. The socket is faster and undocumented, so any surprise on it falls back to the tools for
// the rest of the process.
//
// It never decides anything about Kubernetes, never touches files of the machine, and never puts a secret into the
// arguments of a process, a log or an error.
package juju
