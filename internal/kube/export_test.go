package kube

// DecodeNode is for the fuzz target.
var DecodeNode = decodeNode

// KindNames are all kinds that the charm lists.
func KindNames() []string {
	var names []string
	for _, s := range kinds() {
		names = append(names, s.kind)
	}
	return names
}

// DecodeGroups gives the apiVersions, for the fuzz target.
func DecodeGroups(body []byte) (names []string, err error) {
	groups, err := decodeGroups(body)
	for _, g := range groups {
		names = append(names, g.apiVersion)
	}
	return names, err
}

// DecodeResources gives the names, for the fuzz target.
func DecodeResources(body []byte) (names []string, err error) {
	resources, err := decodeResources(body)
	for _, r := range resources {
		names = append(names, r.name)
	}
	return names, err
}

// Convert is for its table.
var Convert = convert

// Merge merges with what was wanted before instead of its outline.
func Merge(before, want, live Object) Object {
	return MergeOutlined(readOutline(Outline(before)), want, live)
}

// MergeOutlined is for the fuzz target.
func MergeOutlined(before map[string]any, want, live Object) Object {
	return mergeObject(before, want, live)
}

// Outline is for its test.
func Outline(o Object) string {
	text, err := outlineOf(o)
	if err != nil {
		panic(err)
	}
	return text
}

// Marked puts an owner's marks on an object.
func Marked(w Owner, o Object) Object { w.mark(o); return o }

// DecodeObject gives nil for what is no object.
func DecodeObject(text string) Object {
	o, err := decodeObject([]byte(text))
	if err != nil {
		return nil
	}
	return o
}

// Plain and Intact are for tests of what the server sends.
var (
	Plain  = Object.plain
	Intact = intact
)
