package tokens_test

import (
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/relationtest"
	"kubernetes-worker/internal/relation/tokens"
)

const user = "system:cos:n1"

func TestRequestsAreAnObjectOfUsersAndGroups(t *testing.T) {
	want := relation.Bag{"requests": `{"system:cos:n1": "system:cos"}`}
	if got := tokens.Encode(map[string]string{user: "system:cos"}); !reflect.DeepEqual(got, want) {
		t.Errorf("Encode() = %v, want %v", got, want)
	}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := tokens.Decode(c.Relations, user)
			c.Check(t, facts, problems)
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"system:cos:n1": "abc"}`)
	for _, value := range relationtest.Junk() {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		facts, problems := tokens.Decode([]relation.Relation{{Endpoint: "tokens", Units: []relation.Unit{
			{Name: "cp/0", Data: relation.Bag{"tokens": value}}}}}, user)
		relationtest.NoLeak(t, problems, value)
		for _, token := range facts.Tokens {
			if strings.ContainsAny(token.Reveal(), " \r\n\x00") || token.Empty() {
				t.Errorf("%q is let through", token.Reveal())
			}
		}
	})
}
