// Package snapd owns the talk with the snap daemon over its REST socket: which snaps are there, installing them from
// the store or from a file, refreshing them, their configuration, and the changes that the daemon carries out for that.
//
// It tells the daemon's errors apart (Classify), also those that the daemon reports as text only. It never decides
// whether a snap should be installed, never starts a process and never touches a snap's files.
package snapd
