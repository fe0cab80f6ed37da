package juju

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ActionParams returns the action's parameters with the defaults of actions.yaml filled in: string, bool, int64,
// float64, and lists and maps of them.
func (s *Session) ActionParams(ctx context.Context) (map[string]any, error) {
	out, err := s.call(ctx, nil, "action-get", "--format=json")
	if err != nil {
		return nil, err
	}
	return parseParams(out)
}

func parseParams(out []byte) (map[string]any, error) {
	params := map[string]any{}
	if len(bytes.TrimSpace(out)) == 0 {
		return params, nil
	}
	d := json.NewDecoder(bytes.NewReader(out))
	d.UseNumber()
	if d.Decode(&params) != nil {
		return nil, fmt.Errorf("cannot read output of action-get: %w, an object", errShape)
	}
	if params == nil {
		params = map[string]any{}
	}
	plain(params)
	return params, nil
}

// ActionLog shows a message to whoever waits for the action. Empty messages are not sent.
func (s *Session) ActionLog(ctx context.Context, message string) error {
	message = argument(strings.TrimSpace(message))
	if message == "" {
		return nil
	}
	_, err := s.call(ctx, nil, "action-log", words(shorten(message, longestArgument))...)
	return err
}

var (
	errResultKey   = errors.New("not a key of results: parts of lower case letters, digits and hyphens, joined by dots")
	errReservedKey = errors.New("reserved by Juju")
	errLongResult  = errors.New("too long for an action's result")
)

// ActionSet adds to the action's results, all values in one call. Dots in keys nest. The values are arguments of a
// process: no secrets.
func (s *Session) ActionSet(ctx context.Context, results map[string]string) error {
	if len(results) == 0 {
		return nil
	}
	var args []string
	for _, key := range slices.Sorted(maps.Keys(results)) {
		if err := checkResult(key, results[key]); err != nil {
			return fmt.Errorf("cannot set result %q: %w", key, err)
		}
		args = append(args, key+"="+argument(results[key]))
	}
	_, err := s.call(ctx, nil, "action-set", args...)
	return err
}

func checkResult(key, value string) error {
	for part := range strings.SplitSeq(key, ".") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
			strings.HasPrefix(part, "-") || strings.HasSuffix(part, "-") {
			return errResultKey
		}
	}
	switch key {
	case "stdout", "stderr", "stdout-encoding", "stderr-encoding":
		return errReservedKey
	}
	if len(value) > longestArgument {
		return errLongResult
	}
	return nil
}

// ActionFail marks the action as failed with a message. The process must then exit with success: an exit code would
// replace the message.
func (s *Session) ActionFail(ctx context.Context, message string) error {
	var args []string
	if message = argument(strings.TrimSpace(message)); message != "" {
		args = words(shorten(message, longestArgument))
	}
	_, err := s.call(ctx, nil, "action-fail", args...)
	return err
}

// DescribeNetwork gives what Juju says of an endpoint's network, for people to read.
func (s *Session) DescribeNetwork(ctx context.Context, endpoint string) (string, error) {
	out, err := s.call(ctx, nil, "network-get", words(endpoint)...)
	return string(out), err
}
