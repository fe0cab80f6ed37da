package versions

import (
	"math/rand/v2"
	"testing"
)

// pairs picks as few combinations as it easily can so that every two choices of different factors that may stand together
// do so at least once: what goes wrong depends on one setting or on two. counts tells how many choices each factor has. It
// always picks the same ones.
func pairs(counts []int, allowed func(choice []int) bool) [][]int {
	type pair struct{ f, c, g, d int }
	open := map[pair]bool{}
	for f := range counts {
		for g := range f {
			for c := range counts[f] {
				for d := range counts[g] {
					open[pair{f, c, g, d}] = true
				}
			}
		}
	}
	covered := func(choice []int) (found []pair) {
		for f := range choice {
			for g := range f {
				if p := (pair{f, choice[f], g, choice[g]}); open[p] {
					found = append(found, p)
				}
			}
		}
		return found
	}
	random := rand.New(rand.NewPCG(1, 2))
	var picked [][]int
	for misses := 0; len(open) > 0 && misses < 20; {
		var best []int
		var gain []pair
		for range 200 {
			choice := make([]int, len(counts))
			for f, n := range counts {
				choice[f] = random.IntN(n)
			}
			if !allowed(choice) {
				continue
			}
			if found := covered(choice); len(found) > len(gain) {
				best, gain = choice, found
			}
		}
		if best == nil {
			misses++
			continue
		}
		for _, p := range gain {
			delete(open, p)
		}
		picked = append(picked, best)
	}
	return picked
}

func TestPairsMeetsEachTwoChoicesThatMayStandTogether(t *testing.T) {
	counts := []int{7, 3, 2, 2, 2, 3}
	allowed := func(choice []int) bool { return choice[0] != 0 || choice[1] != 0 }
	picked := pairs(counts, allowed)
	if len(picked) < 21 || len(picked) > 40 {
		t.Errorf("%d combinations", len(picked))
	}
	met := func(f, c, g, d int) bool {
		for _, choice := range picked {
			if choice[f] == c && choice[g] == d {
				return true
			}
		}
		return false
	}
	for f := range counts {
		for g := range f {
			for c := range counts[f] {
				for d := range counts[g] {
					if want := f != 1 || g != 0 || c != 0 || d != 0; met(f, c, g, d) != want {
						t.Errorf("choice %d of %d with %d of %d: met is not %t", c, f, d, g, want)
					}
				}
			}
		}
	}
}
