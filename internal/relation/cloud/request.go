package cloud

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"kubernetes-worker/internal/relation"
)

// charm is what this charm is called in requests.
const charm = "kubernetes-worker"

// Request is what the integrators of aws, gcp and azure have to know to give this machine its rights.
type Request struct {
	Instance   Instance
	ClusterTag string // empty: not known yet
	ModelUUID  string
}

// Encode gives the keys to publish for a cloud. aws is told which machine this is before the rest is known, the others
// everything at once; a bag without keys asks for nothing yet.
func (r Request) Encode(name string) relation.Bag {
	if r.Instance.Cloud != name {
		return relation.Bag{}
	}
	values := map[string]any{}
	switch name {
	case AWS:
		values["instance-id"], values["region"] = r.Instance.ID, r.Instance.Place
		if r.ClusterTag == "" {
			break
		}
		owned := map[string]any{"kubernetes.io/cluster/" + r.ClusterTag: "owned"}
		for _, key := range []string{"instance-tags", "instance-security-group-tags", "instance-subnet-tags"} {
			values[key] = owned
		}
		values["object-storage-management-patterns"] = []any{"arn:aws:s3:::kubernetes-*"}
		values["requested"] = true
	case GCP, Azure:
		if r.ClusterTag == "" {
			break
		}
		labels := map[string]any{"k8s-io-cluster-name": r.ClusterTag}
		values["charm"], values["model-uuid"] = charm, r.ModelUUID
		if name == GCP {
			values["instance"], values["zone"], values["instance-labels"] = r.Instance.Name, r.Instance.Place, labels
			break
		}
		values["vm-id"], values["vm-name"], values["res-group"] = r.Instance.ID, r.Instance.Name, r.Instance.Group
		values["vm-location"], values["subscription-id"], values["instance-tags"] = r.Instance.Place, r.Instance.Subscription, labels
	}
	if r.ClusterTag != "" {
		// enable-dns is how the worker of 2018 named it, and what no integrator looked at.
		for _, key := range []string{"enable-object-storage-management", "enable-instance-inspection", "enable-dns", "enable-dns-management"} {
			values[key] = true
		}
	}
	bag := relation.Bag{}
	for key, value := range values {
		text, err := relation.EncodeJSON(value)
		if err != nil {
			panic(err) // texts, truth values, and lists and objects of them
		}
		bag[key] = text
	}
	if name != AWS && len(bag) > 0 {
		bag["requested"] = `"` + BagHash(bag)[:16] + `"`
	}
	return bag
}

// answered reports whether the integrator has done what this unit asks for: the request stands in our own bag as it is wanted,
// and completed holds for this machine what the integrator makes of it: the hash of our whole bag, addresses included, on
// aws; what we wrote into requested elsewhere.
func (r Request) answered(name string, own relation.Bag, remote reader) bool {
	wanted := r.Encode(name)
	for key, value := range wanted {
		if own[key] != value {
			return false
		}
	}
	key := map[string]string{AWS: "instance-id", GCP: "instance", Azure: "vm-id"}[name]
	machine, _ := relation.DecodeString(own[key])
	token, _ := relation.DecodeString(own["requested"])
	if name == AWS {
		token = ""
		if requested, ok := relation.DecodeBool(own["requested"]); ok && requested {
			token = BagHash(own)
		}
	}
	completed := remote.object("completed")
	return machine != "" && token != "" && completed[machine] == token
}

// BagHash is what the integrators make of a whole bag: each value decoded, all of it encoded in the one form that both ends
// know, and of that the SHA-256 in hexadecimal digits.
func BagHash(bag relation.Bag) string {
	decoded := map[string]any{}
	for key, text := range bag {
		decoded[key] = text
		if strings.TrimSpace(text) != "" {
			decoded[key], _ = relation.DecodeJSON(text)
		}
	}
	text, err := relation.EncodeJSON(decoded)
	if err != nil {
		return "" // a number that JSON cannot write: nobody's hash
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
