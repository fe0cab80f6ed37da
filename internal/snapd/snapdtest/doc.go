// Package snapdtest is a stand-in for the snap daemon that listens on its REST socket below a root directory. It answers
// as recorded from a real daemon, keeps installed snaps, a store and configurations in a state file, and has the effects
// of an install that the charm can see: directories, programs, the file of arguments, the unit of the service.
//
// It is for tests and for the simulated Juju; the charm never links it.
package snapdtest
