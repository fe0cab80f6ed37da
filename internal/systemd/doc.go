// Package systemd owns the talk with systemd over D-Bus: the state of units, starting, stopping and restarting them with
// the result of the job, enabling them, and reloading systemd's configuration. Journal reads the last lines of a failed
// unit.
//
// It never decides that a service should be restarted, writes no unit files, and starts no process except journalctl,
// when somebody asks for the lines.
package systemd
