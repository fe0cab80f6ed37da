package snapd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// answerLimit bounds an answer in bytes; the largest real ones (all snaps, all channels) are far below.
const answerLimit = 16 << 20

// answer is the envelope of everything snapd says (its REST documentation, "Responses").
type answer struct {
	Type        string          `json:"type"`
	StatusCode  int             `json:"status-code"`
	Result      json.RawMessage `json:"result"`
	Change      string          `json:"change"`
	Maintenance *maintenance    `json:"maintenance"`
}

// maintenance announces that the daemon is about to restart itself or the machine.
type maintenance struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

type errorResult struct {
	Message string          `json:"message"`
	Kind    string          `json:"kind"`
	Value   json.RawMessage `json:"value"`
}

// decodeAnswer reads one answer. Error answers come back as *Error; what could not be read from the connection comes
// back as it is.
func decodeAnswer(status int, r io.Reader) (answer, error) {
	text, err := io.ReadAll(io.LimitReader(r, answerLimit+1))
	if err != nil {
		return answer{}, err
	}
	if len(text) > answerLimit {
		return answer{}, &Error{Status: status, class: Other, Message: fmt.Sprintf("snapd's answer is larger than %d MiB", answerLimit>>20)}
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, &Error{Status: status, class: Other, Message: notJSON(status, text, err)}
	}
	switch a.Type {
	case "sync", "async":
		return a, nil
	case "error":
		return answer{}, a.failure(status)
	default:
		return answer{}, &Error{Status: status, class: Other, Message: fmt.Sprintf("snapd's answer is of the unknown type %q", clean(a.Type, 40))}
	}
}

func notJSON(status int, text []byte, err error) string {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return fmt.Sprintf("snapd's answer is empty (HTTP status %d)", status)
	case json.Valid(text):
		return fmt.Sprintf("snapd's answer has an unexpected form (HTTP status %d): %s", status, clean(err.Error(), 200))
	default:
		return fmt.Sprintf("snapd's answer is not JSON (HTTP status %d): %q", status, clean(string(text), 80))
	}
}

func (a answer) failure(status int) *Error {
	var result errorResult
	if err := json.Unmarshal(a.Result, &result); err != nil {
		return &Error{Status: status, class: Other, Message: fmt.Sprintf("snapd reports an error of an unexpected form (HTTP status %d)", status)}
	}
	e := &Error{Status: status, Kind: clean(result.Kind, 60), Message: clean(withoutQueries(result.Message), messageLimit)}
	if e.Message == "" {
		e.Message = fmt.Sprintf("snapd reports an error without saying which (HTTP status %d)", status)
	}
	e.readValue(result.Value)
	return e
}

// store decodes the result. Numbers into an any become json.Number, so that large ones keep their digits.
func (a answer) store(op string, into any) error {
	d := json.NewDecoder(bytes.NewReader(a.Result))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return &Error{Op: op, Message: "snapd's answer has an unexpected form: " + clean(err.Error(), 200), Err: err}
	}
	return nil
}

func (a answer) changeID(op string) (string, error) {
	if a.Type != "async" || a.Change == "" {
		return "", &Error{Op: op, Message: "snapd's answer names no change to wait for"}
	}
	return a.Change, nil
}
