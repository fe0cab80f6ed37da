// Package unitstate reads the unit state that the charm's forerunner, written in Python with the reactive framework, has
// left in the charm's directory: flags, credentials and notes in an SQLite database with one table of keys and JSON
// (specification, lifecycle 1). It writes nothing, takes no locks, and gives up on whatever it is not sure of: all that
// is in there can be derived again in some way.
package unitstate

// File is the database's name in the charm's directory.
const File = ".unit-state.db"
