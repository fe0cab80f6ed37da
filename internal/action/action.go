// Package action owns what actions do beyond what a hook does: moving pods off a node, cleaning up after a container
// runtime, collecting what helps to find a fault. It knows nothing of Juju, and never decides what status a unit has.
package action

import (
	"context"
	"fmt"
	"strings"
)

// Teller hears how an action goes on.
type Teller interface {
	// Log tells whoever waits for the action.
	Log(ctx context.Context, line string)
	// Status shows what the unit does meanwhile.
	Status(ctx context.Context, message string)
	// Step runs a part of the action. A process may be ended before and after it.
	Step(ctx context.Context, name string, do func(context.Context) error) error
}

// count writes a number with its noun: 1 pod, 2 pods.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// maxListed is how many things a result names; what is beyond is counted.
const maxListed = 500

// list names things for a result.
func list[T fmt.Stringer](all []T, separator string) string {
	var words []string
	for _, one := range all[:min(len(all), maxListed)] {
		words = append(words, one.String())
	}
	if more := len(all) - maxListed; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, separator)
}
