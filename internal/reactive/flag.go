// Package reactive runs handlers to a fixed point. It knows flags, handlers, rounds and the trace of what ran and what
// waited; it knows nothing of Juju, of Kubernetes or of the machine.
//
// A flag is computed from the facts of a round, never set. A handler whose flags hold declares what it wants; the wants
// of a round are realised together; facts are read again; rounds repeat until a round changes nothing.
package reactive

// Flag names a condition on the facts, for instance "certificates.ready".
type Flag string

// Rule computes one flag. Owes says, for a flag that does not hold, who has to do what before it will; it may be nil
// where the name says it all.
type Rule[F any] struct {
	Flag  Flag
	Holds func(F) bool
	Owes  func(F) string
}

// Handler declares what it wants while all flags of When hold and none of Unless does.
type Handler[F any, W Want] struct {
	Name   string
	When   []Flag
	Unless []Flag
	// Declare returns what the handler wants. An error is a finding (see package condition): other handlers go on.
	Declare func(F) ([]W, error)
}

// Want is something wanted, identified by name. Two handlers may want the same thing only if Equal says it is the same.
type Want interface {
	ID() string
	Equal(other any) bool
}
