// Package kubeconfig owns the kubeconfig files: writing them whole (specification, lifecycle 6.1), reading the last good
// values back from them, and the choice of one API server among several. It touches no file itself.
package kubeconfig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/secret"
)

// Names inside the files.
const (
	clusterName = "juju-cluster"
	contextName = "juju-context"
)

// Config is the content of a kubeconfig with one cluster and one user.
type Config struct {
	Server string // URL
	CA     []byte // PEM
	User   string
	Token  secret.Value
}

type document struct {
	APIVersion     string         `yaml:"apiVersion"`
	Kind           string         `yaml:"kind"`
	Preferences    struct{}       `yaml:"preferences"`
	Clusters       []namedCluster `yaml:"clusters"`
	Users          []namedUser    `yaml:"users"`
	Contexts       []namedContext `yaml:"contexts"`
	CurrentContext string         `yaml:"current-context"`
}

type namedCluster struct {
	Name    string `yaml:"name"`
	Cluster struct {
		CA     string `yaml:"certificate-authority-data"`
		Server string `yaml:"server"`
	} `yaml:"cluster"`
}

type namedUser struct {
	Name string `yaml:"name"`
	User struct {
		Token string `yaml:"token"`
	} `yaml:"user"`
}

type namedContext struct {
	Name    string `yaml:"name"`
	Context struct {
		Cluster string `yaml:"cluster"`
		User    string `yaml:"user"`
	} `yaml:"context"`
}

// Render writes a kubeconfig for a server's URL, its CA in PEM, a user and its token. The content holds the token in clear:
// write it with mode 0600. The same input always gives the same bytes.
func Render(server string, ca []byte, user string, token secret.Value) []byte {
	doc := document{APIVersion: "v1", Kind: "Config", CurrentContext: contextName}
	cluster := namedCluster{Name: clusterName}
	cluster.Cluster.CA = base64.StdEncoding.EncodeToString(ca)
	cluster.Cluster.Server = server
	account := namedUser{Name: user}
	account.User.Token = token.Reveal()
	context := namedContext{Name: contextName}
	context.Context.Cluster = clusterName
	context.Context.User = user
	doc.Clusters = []namedCluster{cluster}
	doc.Users = []namedUser{account}
	doc.Contexts = []namedContext{context}

	var content bytes.Buffer
	encoder := yaml.NewEncoder(&content)
	encoder.SetIndent(2)
	if err := encoder.Encode(doc); err != nil {
		// The document has strings only and the buffer takes all; there is nothing that could fail.
		panic(fmt.Sprintf("cannot write kubeconfig of %s: %T", user, err))
	}
	return content.Bytes()
}

// maxSize is far above any kubeconfig with embedded certificates.
const maxSize = 1 << 20

// ErrForeign says that a content is no kubeconfig of the kind this charm and its forerunner wrote.
var ErrForeign = errors.New("cannot read kubeconfig: it is not one that the charm wrote")

// Parse reads the cluster and user of the current context. It takes what Render writes and what kubectl wrote for the
// charm's forerunner, where an operator may have added clusters and contexts. Its error never holds any of the content.
func Parse(content []byte) (Config, error) {
	var doc document
	if len(content) > maxSize || yaml.Unmarshal(content, &doc) != nil || doc.Kind != "Config" {
		return Config{}, ErrForeign
	}
	var c Config
	cluster := ""
	for _, named := range doc.Contexts {
		if named.Name == doc.CurrentContext {
			cluster, c.User = named.Context.Cluster, named.Context.User
		}
	}
	for _, named := range doc.Clusters {
		if named.Name != cluster {
			continue
		}
		ca, err := base64.StdEncoding.DecodeString(named.Cluster.CA)
		if err != nil {
			return Config{}, ErrForeign
		}
		c.Server, c.CA = named.Cluster.Server, ca
	}
	for _, named := range doc.Users {
		if named.Name == c.User {
			c.Token = secret.New(named.User.Token)
		}
	}
	if c.Server == "" || c.User == "" {
		return Config{}, ErrForeign
	}
	return c, nil
}

// Differences names what differs between two kubeconfigs: server, certificate authority, user, token. It is the cause that
// is printed for a restart, so it names no value but the servers. Where one of them cannot be read it names nothing.
func Differences(from, to []byte) []string {
	before, errBefore := Parse(from)
	after, errAfter := Parse(to)
	if errBefore != nil || errAfter != nil {
		return nil
	}
	var changes []string
	if before.Server != after.Server {
		changes = append(changes, "server: "+before.Server+" → "+after.Server)
	}
	if !bytes.Equal(before.CA, after.CA) {
		changes = append(changes, "certificate authority")
	}
	if before.User != after.User {
		changes = append(changes, "user")
	}
	if before.Token != after.Token {
		changes = append(changes, "token")
	}
	return changes
}

// Same reports whether a daemon gets the same from both: server, certificate authority, user and token.
func Same(have, want []byte) bool {
	before, errBefore := Parse(have)
	after, errAfter := Parse(want)
	return errBefore == nil && errAfter == nil && before.Server == after.Server && bytes.Equal(bytes.TrimSpace(before.CA), bytes.TrimSpace(after.CA)) &&
		before.User == after.User && before.Token == after.Token
}
