package addons

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/secret"
)

const (
	// maxPassword is what bcrypt looks at of a password, in bytes.
	maxPassword = 72
	// maxCost bounds the work for one password, which the registry does for each request: 14 is about a second.
	maxCost = 14
)

// bcryptCost is the cost of a hash in the only form that the registry takes: $2y$10$, then salt and hash in 53 characters.
func bcryptCost(hash string) (cost int, ok bool) {
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if len(hash) != 60 || hash[:2] != "$2" || !strings.Contains("aby", hash[2:3]) || hash[3] != '$' || hash[6] != '$' || strings.Trim(hash[7:], alphabet) != "" {
		return 0, false
	}
	cost, err := strconv.Atoi(hash[4:6])
	return cost, err == nil
}

// entry is a user that may log in.
type entry struct{ user, hash string }

// readHtpasswd reads an htpasswd file, as the registry does, and names all lines that the registry would not take. The
// reasons quote nothing but numbers of lines.
func readHtpasswd(text string) (entries []entry, reasons []string) {
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		wrong := func(reason string) { reasons = append(reasons, fmt.Sprintf("line %d %s", number, reason)) }
		user, hash, found := strings.Cut(line, ":")
		cost, bcrypted := bcryptCost(hash)
		switch {
		case !found:
			wrong("is not of the form user:hash")
			continue
		case registry.CheckUsername(user) != "":
			wrong("has a user's name that " + registry.CheckUsername(user))
			continue
		case !bcrypted:
			wrong("has no bcrypt hash, the only one that the registry takes (htpasswd -B makes them)")
			continue
		case seen[user]:
			wrong("has a user that is in a line above it, too")
			continue
		}
		seen[user] = true
		if cost < bcrypt.MinCost || cost > maxCost {
			wrong(fmt.Sprintf("has a hash of cost %d; it must be from %d to %d", cost, bcrypt.MinCost, maxCost))
			continue
		}
		entries = append(entries, entry{user, hash})
	}
	if len(entries) == 0 && len(reasons) == 0 {
		reasons = append(reasons, "has no users")
	}
	return entries, reasons
}

func writeHtpasswd(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s:%s\n", e.user, e.hash)
	}
	return b.String()
}

// Accepts reports whether an htpasswd file lets a user in with a password.
func Accepts(htpasswd secret.Value, user string, password secret.Value) bool {
	entries, _ := readHtpasswd(htpasswd.Reveal())
	for _, e := range entries {
		if e.user == user {
			return bcrypt.CompareHashAndPassword([]byte(e.hash), []byte(password.Reveal())) == nil
		}
	}
	return false
}

// OnlyUser reports whether an htpasswd file has just this user, with this password. Each time that a line is made it is
// another one, so that one which does is kept.
func OnlyUser(htpasswd secret.Value, user string, password secret.Value) bool {
	entries, reasons := readHtpasswd(htpasswd.Reveal())
	return len(entries) == 1 && len(reasons) == 0 && Accepts(htpasswd, user, password)
}

// MakeHtpasswd makes an htpasswd file of one user.
func MakeHtpasswd(user string, password secret.Value) (secret.Value, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password.Reveal()), bcrypt.DefaultCost)
	if err != nil {
		return secret.Value{}, fmt.Errorf("cannot make htpasswd from htpasswd-plain: %w", err)
	}
	return secret.New(writeHtpasswd([]entry{{user, string(hash)}})), nil
}
