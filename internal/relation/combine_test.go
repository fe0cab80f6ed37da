package relation_test

import (
	"reflect"
	"testing"

	"kubernetes-worker/internal/relation"
)

func TestInPlainOrderSortsAsTextAndLeavesItsArgument(t *testing.T) {
	rels := []relation.Relation{
		{ID: "x:2", Units: []relation.Unit{{Name: "a/2"}, {Name: "a/10"}}},
		{ID: "x:10"},
	}
	sorted := relation.InPlainOrder(rels)
	if sorted[0].ID != "x:10" || sorted[1].Units[0].Name != "a/10" {
		t.Errorf("InPlainOrder() = %v", sorted)
	}
	if rels[0].ID != "x:2" || rels[0].Units[0].Name != "a/2" {
		t.Errorf("the argument became %v", rels)
	}
}

func TestFirstReportsEveryUnusableValueAndTakesTheFirstUsable(t *testing.T) {
	rels := []relation.Relation{
		{Endpoint: "e", Units: []relation.Unit{{Name: "a/0", Data: relation.Bag{"k": "bad"}}, {Name: "a/1", Data: relation.Bag{"k": " "}}, {Name: "a/2", Data: relation.Bag{"k": "none"}}}},
		{Endpoint: "e", Units: []relation.Unit{{Name: "b/0", Data: relation.Bag{"k": "one"}}, {Name: "b/1", Data: relation.Bag{"k": "two"}}, {Name: "b/2", Data: relation.Bag{"k": "bad"}}}},
	}
	var problems relation.Problems
	got, ok := relation.First(rels, "k", &problems, func(text string) (string, bool, string) {
		switch text {
		case "bad":
			return "", false, "is bad"
		case "none":
			return "", false, ""
		}
		return text, true, ""
	})
	want := []relation.Problem{{Endpoint: "e", Unit: "a/0", Key: "k", Reason: "is bad"}, {Endpoint: "e", Unit: "b/2", Key: "k", Reason: "is bad"}}
	if got != "one" || !ok || !reflect.DeepEqual(problems.All(), want) {
		t.Errorf("First() = %q, %v with %v", got, ok, problems.All())
	}
}

func TestHostsHaveOneSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.7": "10.0.0.7", " 10.0.0.7\n": "10.0.0.7", "[FD00::7]": "fd00::7", "fd00:0:0::7": "fd00::7", "::ffff:10.0.0.7": "10.0.0.7",
		"Master.Example.COM.": "master.example.com", "a_b.c": "a_b.c", "1a": "1a",
		"": "", ".": "", "a..b": "", "-a": "", "a-": "", "10.0.0.256": "", "10.0.0": "", "0.0.0.0": "", "::": "", "::ffff:0.0.0.0": "", "fe80::1%eth0": "", "a:1": "", "u@h": "", "h/x": "", "a b": "", "é.com": "",
	} {
		if got, ok := relation.Host(text); got != want || ok != (want != "") {
			t.Errorf("Host(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestPortsAreDecimalAndInRange(t *testing.T) {
	for text, want := range map[string]int{"1": 1, " 443 ": 443, "65535": 65535, "0": 0, "65536": 0, "+1": 0, "-1": 0, "": 0, "6443.0": 0, "99999999999999999999": 0, "٣": 0} {
		if got, ok := relation.Port(text); ok != (want != 0) || ok && got != want {
			t.Errorf("Port(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
}
