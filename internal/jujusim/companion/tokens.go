package companion

import (
	"bytes"
	"crypto/rand"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// tokenFile is a static token file of kube-apiserver: token,user,uid,"group,group".
type tokenFile struct {
	path    string
	content []byte
	tokens  map[string]string // by user
	dirty   bool
}

func readTokens(path string) (*tokenFile, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the token file: %w", err)
	}
	tokens, err := parseTokens(content)
	if err != nil {
		return nil, fmt.Errorf("cannot read token file %s: %w", path, err)
	}
	return &tokenFile{path: path, content: content, tokens: tokens}, nil
}

// parseTokens reads the file as the API server does. Errors name the line, never its content.
func parseTokens(content []byte) (map[string]string, error) {
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord = -1
	tokens := map[string]string{}
	records, err := reader.ReadAll()
	if err != nil {
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("line %d: %w", syntax.Line, syntax.Err)
		}
		return nil, err
	}
	for i, record := range records {
		if len(record) < 3 {
			return nil, fmt.Errorf("record %d has fewer than three fields", i+1)
		}
		if _, known := tokens[record[1]]; !known && record[0] != "" {
			tokens[record[1]] = record[0]
		}
	}
	return tokens, nil
}

// of returns a user's token. A user the file does not have is added to it.
func (f *tokenFile) of(user, group string) (string, error) {
	if token, ok := f.tokens[user]; ok {
		return token, nil
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("cannot make a token: %w", err)
	}
	token := hex.EncodeToString(random[:])
	var line bytes.Buffer
	writer := csv.NewWriter(&line)
	record := []string{token, user, user}
	if group != "" {
		record = append(record, group)
	}
	// A buffer takes every write; a field it cannot quote does not exist.
	_ = writer.Write(record)
	writer.Flush()
	if len(f.content) > 0 && f.content[len(f.content)-1] != '\n' {
		f.content = append(f.content, '\n')
	}
	f.content = append(f.content, line.Bytes()...)
	f.tokens[user] = token
	f.dirty = true
	return token, nil
}

// save writes what was added and reports whether anything was.
func (f *tokenFile) save() (bool, error) {
	if !f.dirty {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return false, fmt.Errorf("cannot write the token file: %w", err)
	}
	if err := replaceFile(f.path, f.content, 0o600); err != nil {
		return false, err
	}
	f.dirty = false
	return true, nil
}

func replaceFile(path string, content []byte, mode fs.FileMode) error {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
