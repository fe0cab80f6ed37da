package release

import "strings"

// nearest finds the name of a minor release that a misspelt one was most likely meant to be: the one that takes the
// fewest letters to change, and no more than a third of them; upper and lower case are alike. Of equally near ones it
// is the first. It is empty where none is near.
func nearest(table []row, minor int, name string) string {
	best, wanted := "", strings.ToLower(name)
	limit := min(len(name)/3, 3)
	for _, r := range table {
		if !r.in(minor) {
			continue
		}
		if d := distance(wanted, strings.ToLower(r.name), limit); d <= limit {
			best, limit = r.name, d-1
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace between two words; anything above the limit where it is more
// than that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	line := make([]int, len(b)+1)
	for j := range line {
		line[j] = j
	}
	for i := range len(a) {
		diagonal := line[0]
		line[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = line[j+1]
			line[j+1] = min(replaced, line[j]+1, diagonal+1)
		}
	}
	return line[len(b)]
}
