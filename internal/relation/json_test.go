package relation_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"testing"

	"kubernetes-worker/internal/relation"
)

func TestEncodeJSONWritesWhatThePeersHash(t *testing.T) {
	for want, v := range map[string]any{
		`{"a": [1, true, null], "b": {"c": "<&>/"}}`:            map[string]any{"b": map[string]string{"c": "<&>/"}, "a": []any{1, true, nil}},
		`"tab\t quote\" back\\ del\u007f e\u00e9 \ud83d\ude00"`: "tab\t quote\" back\\ del\x7f eé 😀",
		`[]`: []string{}, `{}`: map[string]string{},
	} {
		if got, err := relation.EncodeJSON(v); err != nil || got != want {
			t.Errorf("EncodeJSON(%v) = %s, %v; want %s", v, got, err, want)
		}
	}
}

// The vector of the AWS integrator's answer: the hash of a worker's whole bag.
func TestEncodeJSONGivesTheHashOfTheAWSIntegrator(t *testing.T) {
	tags := map[string]string{"kubernetes.io/cluster/kubernetes-abc": "owned"}
	bag := map[string]any{
		"egress-subnets": "172.31.5.6/32", "ingress-address": "172.31.5.6", "private-address": "172.31.5.6",
		"instance-id": "i-0123456789abcdef0", "region": "us-east-1",
		"instance-tags": tags, "instance-security-group-tags": tags, "instance-subnet-tags": tags,
		"enable-object-storage-management": true, "object-storage-management-patterns": []string{"arn:aws:s3:::kubernetes-*"},
		"enable-instance-inspection": true, "enable-dns": true, "requested": true,
	}
	text, err := relation.EncodeJSON(bag)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text))
	if got := hex.EncodeToString(sum[:]); got != "fec459d6ae9c686facde8ec7ee2ecb6789dfd4d487ab1489ab283aa4324c3392" {
		t.Errorf("hash of %s is %s", text, got)
	}
}

func TestDecodeToleratesBothGenerations(t *testing.T) {
	for text, want := range map[string]any{`1}`: `1}`, `"us-east-1"`: "us-east-1", "us-east-1": "us-east-1", "true": true, `{"a": 1}`: map[string]any{"a": json.Number("1")}} {
		if v, ok := relation.DecodeJSON(text); !ok || !reflect.DeepEqual(v, want) {
			t.Errorf("DecodeJSON(%q) = %#v, %v", text, v, ok)
		}
	}
	for _, text := range []string{"", "  ", "null"} {
		if v, ok := relation.DecodeJSON(text); ok {
			t.Errorf("DecodeJSON(%q) = %#v, want no value", text, v)
		}
	}
	for text, want := range map[string]string{`"x"`: "x", "x": "x", "53": "53", "10.1.0.0/16": "10.1.0.0/16"} {
		if s, ok := relation.DecodeString(text); !ok || s != want {
			t.Errorf("DecodeString(%q) = %q, %v", text, s, ok)
		}
	}
	for text, want := range map[string]bool{"True": true, "False": false, "true": true, `"false"`: false} {
		if v, ok := relation.DecodeBool(text); !ok || v != want {
			t.Errorf("DecodeBool(%q) = %v, %v", text, v, ok)
		}
	}
	if _, ok := relation.DecodeBool("maybe"); ok {
		t.Error(`DecodeBool("maybe") gives a value`)
	}
}

func FuzzEncodeJSONReadsBack(f *testing.F) {
	f.Add("plain")
	f.Add("\x7f\u2028😀\\\"")
	f.Fuzz(func(t *testing.T, s string) {
		text, err := relation.EncodeJSON(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatalf("%s is not JSON: %v", text, err)
		}
	})
}
