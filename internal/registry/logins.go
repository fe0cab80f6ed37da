package registry

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Logins is the content of docker's configuration file, of which only the logins are understood; the rest is carried
// along as it is. The file is docker's and the user's as much as ours.
type Logins struct {
	fields map[string]json.RawMessage
	auths  map[string]json.RawMessage
}

const authsField = "auths"

// ParseLogins reads the file; no content at all is an empty file. It fails on what docker would not have written, and on
// what the kubelet could not read, which then ignores the whole file. Errors do not quote the content.
func ParseLogins(content []byte) (Logins, error) {
	l := Logins{fields: map[string]json.RawMessage{}, auths: map[string]json.RawMessage{}}
	if len(bytes.TrimSpace(content)) == 0 {
		return l, nil
	}
	if err := json.Unmarshal(content, &l.fields); err != nil || l.fields == nil {
		return Logins{}, errors.New("it is no JSON object")
	}
	if auths, has := l.fields[authsField]; has {
		if err := json.Unmarshal(auths, &l.auths); err != nil {
			return Logins{}, errors.New(`its "auths" is no JSON object`)
		}
		if l.auths == nil {
			l.auths = map[string]json.RawMessage{}
		}
	}
	for _, entry := range l.auths {
		if _, _, err := decodeEntry(entry); err != nil {
			return Logins{}, errors.New(`an entry of its "auths" is not what docker writes`)
		}
	}
	return l, nil
}

// entry is one login as the kubelet reads it. A token takes the place of the password for docker alone.
type entry struct {
	Auth          string `json:"auth,omitempty"`
	Username      string `json:"username,omitempty"`
	Password      string `json:"password,omitempty"`
	IdentityToken string `json:"identitytoken,omitempty"`
	RegistryToken string `json:"registrytoken,omitempty"`
}

func decodeEntry(raw json.RawMessage) (user, password string, err error) {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return "", "", err
	}
	if e.Auth == "" {
		return e.Username, e.Password, nil
	}
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(e.Auth, "="))
	if err != nil {
		return "", "", err
	}
	user, password, found := strings.Cut(string(plain), ":")
	if !found {
		return "", "", errors.New("no colon")
	}
	return user, password, nil
}

// Has reports whether the file has exactly this login.
func (l Logins) Has(login Login) bool {
	raw, has := l.auths[login.Server]
	if !has {
		return false
	}
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil || e.IdentityToken != "" || e.RegistryToken != "" {
		return false
	}
	user, password, err := decodeEntry(raw)
	return err == nil && user == login.Username && password == login.Password.Reveal()
}

// Knows reports whether the file has any login at a server.
func (l Logins) Knows(server string) bool {
	_, has := l.auths[server]
	return has
}

// Put adds a login, in place of the one that is there.
func (l Logins) Put(login Login) error {
	auth := base64.StdEncoding.EncodeToString([]byte(login.Username + ":" + login.Password.Reveal()))
	raw, err := encode(entry{Auth: auth}, "")
	if err != nil {
		return fmt.Errorf("cannot encode the login at %s: %w", login.Server, err)
	}
	l.auths[login.Server] = raw
	return nil
}

// Drop takes the login at a server out.
func (l Logins) Drop(server string) { delete(l.auths, server) }

// Empty reports whether the file says nothing: neither a login nor a setting.
func (l Logins) Empty() bool {
	_, has := l.fields[authsField]
	return len(l.auths) == 0 && (len(l.fields) == 0 || has && len(l.fields) == 1)
}

// Content writes the file as docker does: indented by a tab, keys sorted.
func (l Logins) Content() ([]byte, error) {
	auths, err := encode(l.auths, "")
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{authsField: auths}
	for name, value := range l.fields {
		if name != authsField {
			all[name] = value
		}
	}
	return encode(all, "\t")
}

func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return slices.Clone(b.Bytes()), nil
}
