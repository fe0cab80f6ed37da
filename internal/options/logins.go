package options

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/secret"
)

// readDockerLogins reads the list of logins. No message holds any part of a value: people put passwords into the wrong key.
func readDockerLogins(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	entries, err := loginEntries(text)
	if err != nil {
		return err
	}
	var logins []registry.Login
	known := map[string]int{}
	for i, raw := range entries {
		login, err := readLogin(raw)
		if err != nil {
			return fmt.Errorf("entry %d of %d: %w", i+1, len(entries), err)
		}
		if first, twice := known[login.Server]; twice {
			return fmt.Errorf(`entry %d of %d: key "server" names the registry of entry %d again; take one of the two out`, i+1, len(entries), first)
		}
		known[login.Server] = i + 1
		logins = append(logins, login)
	}
	r.into.DockerLogins = logins
	return nil
}

const loginForm = `write a JSON list of objects with the keys server, username and password`

func loginEntries(text string) ([]json.RawMessage, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var list json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("it is no JSON, from character %d on; %s", syntax.Offset, loginForm)
		}
		return nil, errors.New("it is no JSON; " + loginForm)
	}
	var entries []json.RawMessage
	if json.Unmarshal(list, &entries) != nil {
		return nil, errors.New("it is no list; " + loginForm)
	}
	return entries, nil
}

func readLogin(raw json.RawMessage) (registry.Login, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		return registry.Login{}, errors.New("it is no object; " + loginForm)
	}
	texts := map[string]string{}
	for _, key := range []string{"server", "username", "password"} {
		value, there := object[key]
		var text string
		switch {
		case !there:
			return registry.Login{}, fmt.Errorf("key %q is missing", key)
		case !bytes.HasPrefix(bytes.TrimSpace(value), []byte(`"`)) || json.Unmarshal(value, &text) != nil:
			return registry.Login{}, fmt.Errorf("the value of key %q is no text; write it in double quotes", key)
		}
		texts[key] = text
	}
	server, reason := registry.Server(texts["server"])
	if reason != "" {
		return registry.Login{}, errors.New(`the value of key "server" ` + reason)
	}
	if reason := registry.CheckUsername(texts["username"]); reason != "" {
		return registry.Login{}, errors.New(`the value of key "username" ` + reason)
	}
	if reason := registry.CheckPassword(texts["password"]); reason != "" {
		return registry.Login{}, errors.New(`the value of key "password" ` + reason)
	}
	return registry.Login{Server: server, Username: texts["username"], Password: secret.New(texts["password"])}, nil
}

// holdsLogin reports whether a value of docker-logins can hold a password: any but an empty list.
func holdsLogin(value any) bool {
	text, _ := value.(string)
	entries, err := loginEntries(text)
	return err != nil || len(entries) > 0
}
