package jujusim

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// secretID is the 20 characters by which a secret is known. It is fixed by owner and label, so that an owner can name a
// secret before it exists.
func (m *Model) secretID(owner, label string) string {
	sum := sha256.Sum256([]byte(m.state.UUID + "\x00" + owner + "\x00" + label))
	return strings.ToLower(base32.HexEncoding.EncodeToString(sum[:]))[:20]
}

// SecretURI is the URI of an application's secret.
func (m *Model) SecretURI(owner, label string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return "secret:" + m.secretID(owner, label)
}

// PutSecret creates a secret of an application, or gives it a new revision if the content differs, and sets who may
// read it. Units that have read it get secret-changed.
func (m *Model) PutSecret(owner, label string, content map[string]string, units []string) error {
	return m.change(func() error {
		if _, err := m.application(owner); err != nil {
			return err
		}
		m.putSecret(owner, label, content, units)
		return nil
	})
}

func (m *Model) putSecret(owner, label string, content map[string]string, units []string) {
	id := m.secretID(owner, label)
	secret := m.state.Secrets[id]
	if secret == nil {
		secret = &secretState{ID: id, Owner: owner, Label: label, Revisions: map[int]map[string]string{}}
		m.state.Secrets[id] = secret
	}
	if secret.Latest == 0 || !maps.Equal(secret.Revisions[secret.Latest], content) {
		secret.Latest++
		secret.Revisions[secret.Latest] = maps.Clone(content)
	}
	secret.Grants = map[string]bool{}
	for _, unit := range units {
		secret.Grants[unit] = true
	}
}

// RemoveSecret deletes an application's secret.
func (m *Model) RemoveSecret(owner, label string) error {
	return m.change(func() error {
		delete(m.state.Secrets, m.secretID(owner, label))
		return nil
	})
}

// parseSecretURI takes secret:ID, secret://MODEL/ID and a bare ID.
func parseSecretURI(text string) (string, bool) {
	id := strings.TrimPrefix(text, "secret:")
	if rest, ok := strings.CutPrefix(id, "//"); ok {
		_, id, _ = strings.Cut(rest, "/")
	}
	ok := len(id) == 20 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuv") == ""
	return id, ok
}

func secretGet(c *hookContext, call *toolCall) (any, error) {
	args, label := call.args, call.value("--label", "")
	id := ""
	if len(args) > 0 {
		if parsed, ok := parseSecretURI(args[0]); ok {
			id, args = parsed, args[1:]
		} else if label == "" {
			return nil, usage("secret URI %q not valid", args[0])
		}
	}
	if id == "" {
		for known, local := range c.unit.Secrets {
			if label != "" && local.Label == label {
				id = known
			}
		}
	}
	switch {
	case id == "" && label == "":
		return nil, usage("require either a secret URI or label")
	case id == "":
		return nil, failed("consumer label %q not found", label)
	case len(args) > 1:
		return nil, usage("unrecognized args: %s", quoteList(args[1:]))
	}
	content, err := c.readSecret(id, label, call.switches["--refresh"], call.switches["--peek"])
	if err != nil || len(args) == 0 {
		return content, err
	}
	key, encoded := strings.CutSuffix(args[0], "#base64")
	value, ok := content[key]
	switch {
	case !ok:
		return nil, failed("secret key %q not found", key)
	case encoded:
		return base64.StdEncoding.EncodeToString([]byte(value)), nil
	}
	return value, nil
}

// readSecret returns the revision that the unit tracks; the first reading and --refresh track the latest at once.
func (c *hookContext) readSecret(id, label string, refresh, peek bool) (map[string]string, error) {
	secret := c.m.state.Secrets[id]
	if secret == nil {
		return nil, failed("secret %q not found", id)
	}
	if !secret.Grants[c.unit.Name] {
		return nil, failed("permission denied")
	}
	if peek {
		return secret.Revisions[secret.Latest], nil
	}
	local := c.unit.Secrets[id]
	if local == nil {
		local = &secretLocal{Tracked: secret.Latest, Told: secret.Latest}
		c.unit.Secrets[id] = local
	}
	if label != "" {
		local.Label = label
	}
	if refresh {
		local.Tracked, local.Told = secret.Latest, secret.Latest
	}
	return secret.Revisions[local.Tracked], nil
}

// secretInfoGet is for owners only, and charms own no secret here.
func secretInfoGet(_ *hookContext, call *toolCall) (any, error) {
	if len(call.args) == 0 && call.value("--label", "") == "" {
		return nil, usage("require either a secret URI or label")
	}
	return nil, failed("secret %q not found", strings.Join(append(slices.Clone(call.args), call.value("--label", "")), ""))
}

func secretIDs(*hookContext, *toolCall) (any, error) { return []string{}, nil }
