package kube

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
)

// Object is an object of the API as JSON has it: maps, lists ([]any), strings, numbers and booleans. It is written in the
// first form that kinds.go gives for its kind.
//
// Quantities must be written as the server writes them (500m, not 0.5), and only fields that every release since 1.12
// knows may be there: with a server that cannot apply, anything else looks changed each time.
type Object map[string]any

// Kind is the object's kind: DaemonSet.
func (o Object) Kind() string { return o.text("kind") }

// APIVersion is the form it is written in: apps/v1.
func (o Object) APIVersion() string { return o.text("apiVersion") }

// Name is its name.
func (o Object) Name() string { return o.metadata("name") }

// Namespace is its namespace; "" for a kind that is in none.
func (o Object) Namespace() string { return o.metadata("namespace") }

// ResourceVersion changes with every change of the object; "" if it does not come from a server.
func (o Object) ResourceVersion() string { return o.metadata("resourceVersion") }

// Deleting reports whether it is on its way out.
func (o Object) Deleting() bool { return o.metadata("deletionTimestamp") != "" }

// Ref names the object.
func (o Object) Ref() Ref { return Ref{Kind: o.Kind(), Namespace: o.Namespace(), Name: o.Name()} }

// Labels are the object's labels.
func (o Object) Labels() map[string]string { return o.strings("labels") }

// Annotations are the object's annotations.
func (o Object) Annotations() map[string]string { return o.strings("annotations") }

// String names the object and shows nothing of its content.
func (o Object) String() string { return o.Ref().String() }

// GoString is String: %#v shows no content either.
func (o Object) GoString() string { return o.String() }

// Ref names an object in a cluster.
type Ref struct{ Kind, Namespace, Name string }

// String is KIND NAMESPACE/NAME, or KIND NAME.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

func (o Object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o Object) metadata(key string) string {
	metadata, _ := o["metadata"].(map[string]any)
	s, _ := metadata[key].(string)
	return s
}

func (o Object) strings(key string) map[string]string {
	metadata, _ := o["metadata"].(map[string]any)
	values, _ := metadata[key].(map[string]any)
	result := make(map[string]string, len(values))
	for k, v := range values {
		if s, ok := v.(string); ok {
			result[k] = s
		}
	}
	return result
}

// setMetadata sets a label or an annotation of an object that decodeObject or plain gave.
func (o Object) setMetadata(group, key, value string) {
	metadata, _ := o["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		o["metadata"] = metadata
	}
	values, _ := metadata[group].(map[string]any)
	if values == nil {
		values = map[string]any{}
		metadata[group] = values
	}
	values[key] = value
}

// secret reports whether the content must not be shown.
func (o Object) secret() bool { return o.Kind() == "Secret" }

// plain returns a deep copy as JSON would give it back, so that what the program wrote and what the server sent can be
// compared. A Secret's stringData becomes data, in which the server keeps it; empty maps that the server drops are
// dropped; ports get their protocol.
func (o Object) plain() (Object, error) {
	text, err := json.Marshal(map[string]any(o))
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s: %w", o, err)
	}
	copied, err := decodeObject(text)
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s: it lacks a kind or a name", o)
	}
	if values, ok := copied["stringData"].(map[string]any); ok {
		data, _ := copied["data"].(map[string]any)
		if data == nil {
			data = map[string]any{}
		}
		for k, v := range values {
			s, _ := v.(string)
			data[k] = base64.StdEncoding.EncodeToString([]byte(s))
		}
		copied["data"] = data
		delete(copied, "stringData")
	}
	metadata, _ := copied["metadata"].(map[string]any)
	dropEmpty(metadata, "labels", "annotations")
	dropEmpty(copied, "data", "binaryData")
	completePorts(map[string]any(copied))
	return copied, nil
}

// completePorts writes the protocol of each port: servers before 1.20 merge ports by it and know no default there.
func completePorts(value any) {
	switch v := value.(type) {
	case map[string]any:
		ports, _ := v["ports"].([]any)
		for _, element := range ports {
			port, _ := element.(map[string]any)
			if _, there := port["protocol"]; !there && (port["containerPort"] != nil || port["port"] != nil) {
				port["protocol"] = "TCP"
			}
		}
		for _, child := range v {
			completePorts(child)
		}
	case []any:
		for _, child := range v {
			completePorts(child)
		}
	}
}

func dropEmpty(values map[string]any, keys ...string) {
	for _, key := range keys {
		if v, ok := values[key].(map[string]any); (ok && len(v) == 0) || values[key] == nil {
			delete(values, key)
		}
	}
}

// decodeObject reads a JSON object with a kind and keeps numbers as they are written.
func decodeObject(body []byte) (Object, error) {
	var o Object
	if err := unmarshalNumbers(body, &o); err != nil || o.Kind() == "" || o.Name() == "" {
		return nil, errNotAPI
	}
	return o, nil
}

// unmarshalNumbers decodes JSON and keeps numbers as they are written.
func unmarshalNumbers(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// Fingerprint changes with the content of the object. A caller that remembers it can leave out asking the server for an
// object that it applied before.
func (o Object) Fingerprint() string {
	text, err := json.Marshal(map[string]any(o)) // sorts the keys
	if err != nil {
		return "" // never equal to one that was stored
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// shown is what of the object may leave a trace where people look: of a Secret the names of the values only.
func (o Object) shown() Object {
	data, ok := o["data"].(map[string]any)
	if !ok || !o.secret() {
		return o
	}
	names := map[string]any{}
	for k := range data {
		names[k] = nil
	}
	covered := maps.Clone(o)
	covered["data"] = names
	return covered
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }
