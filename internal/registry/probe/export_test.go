package probe

// Schemes are the schemes of challenges, for tests.
func Schemes(headers []string) []string {
	var all []string
	for _, c := range readChallenges(headers) {
		all = append(all, c.scheme)
	}
	return all
}
