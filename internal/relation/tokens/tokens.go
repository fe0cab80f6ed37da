// Package tokens owns the tokens interface, by which the control plane makes tokens for other users than the node's own. It
// turns bags into checked facts and back, and keeps no token.
package tokens

import (
	"encoding/json"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// Encode gives the key to publish: users with the group of each.
func Encode(requests map[string]string) relation.Bag {
	text, err := relation.EncodeJSON(requests)
	if err != nil {
		panic(err) // a map of texts can always be written
	}
	return relation.Bag{"requests": text}
}

// Facts is what the control plane says.
type Facts struct {
	Joined bool
	Tokens map[string]secret.Value // of the users that were asked for, as far as they are there
}

// longest is more than tokens of a large cluster need, and keeps junk from being taken apart in each hook.
const longest = 4 << 20

// Decode reads the tokens of users. Every control plane unit can have some of them.
func Decode(rels []relation.Relation, users ...string) (Facts, []relation.Problem) {
	var problems relation.Problems
	f := Facts{Joined: relation.Joined(rels), Tokens: map[string]secret.Value{}}
	for _, v := range relation.Values(relation.InPlainOrder(rels), "tokens") {
		if _, present := relation.DecodeJSON(v.Text); len(v.Text) <= longest && !present {
			continue
		}
		all := map[string]json.RawMessage{}
		if len(v.Text) > longest || json.Unmarshal([]byte(v.Text), &all) != nil {
			problems.Add(v.Problem("is not an object of users and tokens"))
			continue
		}
		for _, user := range users {
			var token string
			raw, has := all[user]
			switch {
			case !has || string(raw) == "null":
			case json.Unmarshal(raw, &token) != nil || !usable(token):
				problems.Add(v.Problem("has no usable token for " + user))
			case f.Tokens[user].Empty() && token != "":
				f.Tokens[user] = secret.New(token)
			}
		}
	}
	return f, problems.All()
}

// usable reports whether a token can be sent in a header.
func usable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return len(token) <= 64<<10
}
