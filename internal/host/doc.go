// Package host owns the charm's view of the machine below one root directory: files, the facts that are read from them,
// and the commands that are run.
//
// Every path is taken as absolute below the root. With a root other than "/" no path, link or ".." leads out of it;
// absolute links found inside are followed relative to the root, as a process inside a chroot would see them.
// The package never decides what a file should hold and never talks to a daemon.
package host
