package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kind tells apart why an operation did not succeed.
type Kind int

// The kinds of failure.
const (
	Unreachable  Kind = iota + 1 // no server answered: may pass by itself
	NotFound                     // the object is not there
	Unauthorized                 // the token is not accepted
	Forbidden                    // the token's owner may not do this
	Invalid                      // the server refuses the content
	Conflict                     // the object changed meanwhile, or is there already: may pass by itself
	Other                        // any other refusal
	Disruption                   // a disruption budget allows no eviction now: may pass by itself
	Unserved                     // the server does not know the kind of object
	Foreign                      // the object is there and is not the charm's
)

// Error is an operation on the API that failed.
type Error struct {
	Kind     Kind
	Server   string    // that gave the answer; "" for Unreachable
	Code     int       // HTTP status of the answer; 0 for Unreachable
	Message  string    // the server's own words
	Failures []Failure // for Unreachable: each server and why it gave no answer, in the order tried

	operation operation
	cause     error
}

// Failure is a server that gave no answer.
type Failure struct{ Server, Reason string }

// operation names what is done for messages: "get node juju-1".
type operation struct {
	verb, object string
	private      bool // the server's words about the content must not be repeated
}

func (e *Error) Error() string {
	text := "cannot " + e.operation.verb + " " + e.operation.object + ": "
	switch e.Kind {
	case Unreachable:
		reasons := make([]string, 0, len(e.Failures))
		for _, failure := range e.Failures {
			reasons = append(reasons, failure.Server+": "+failure.Reason)
		}
		return text + "no API server answers: " + strings.Join(reasons, "; ")
	case NotFound:
		if e.operation.verb == "get" || e.Message == "" {
			return text + "not found"
		}
	case Unauthorized:
		return text + e.Server + " does not accept the token"
	}
	return text + e.Message
}

// Unwrap gives context.Canceled or context.DeadlineExceeded where the time was up, and the API's own error object, an
// apierrors.APIStatus, where a server refused and its words may be repeated.
func (e *Error) Unwrap() error { return e.cause }

// Transient reports whether the same operation may succeed later without anybody doing something.
func (e *Error) Transient() bool {
	return e.Kind == Unreachable || e.Kind == Conflict || e.Kind == Disruption
}

// KindOf returns the kind of an Error, 0 for any other error and for nil.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

// codeOfError returns the HTTP status of the answer that made an Error; 0 for any other error.
func codeOfError(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// refusal makes an Error of err if a server answered with a refusal that another server would repeat; nil if it is worth
// asking the next one, or if there is no error.
func (op operation) refusal(err error, server string) *Error {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	code := int(status.Status().Code)
	e := &Error{Server: server, Code: code, Message: status.Status().Message, operation: op}
	switch {
	case code == http.StatusTooManyRequests && hasCause(status.Status(), "DisruptionBudget"):
		e.Kind = Disruption // the object's own word; a server with too much to do names no cause
	case code == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case code == http.StatusForbidden:
		e.Kind = Forbidden
	case code < 400 || code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		return nil
	case code == http.StatusNotFound && unexpected(status.Status()):
		return nil // a 404 that is not the API's own: something else listens there
	case code == http.StatusNotFound:
		e.Kind = NotFound
	case code == http.StatusConflict:
		e.Kind = Conflict
	case code == http.StatusUnprocessableEntity || code == http.StatusBadRequest:
		e.Kind = Invalid
	default:
		e.Kind = Other
	}
	if unexpected(status.Status()) {
		// client-go's text for an answer without the API's error object says little, and may hold a page of HTML.
		e.Message = fmt.Sprintf("%s answers %d %s", server, code, http.StatusText(code))
	} else if op.private && code != http.StatusForbidden {
		e.Message = causesOnly(status.Status())
	}
	if !op.private {
		e.cause = err
	}
	return e
}

// unexpected reports whether the answer lacked the API's own error object.
func unexpected(status metav1.Status) bool {
	return hasCause(status, metav1.CauseTypeUnexpectedServerResponse)
}

func hasCause(status metav1.Status, kind metav1.CauseType) bool {
	return status.Details != nil && slices.ContainsFunc(status.Details.Causes, func(c metav1.StatusCause) bool { return c.Type == kind })
}

// causesOnly says what is wrong without the values, which the server's own message quotes: the reason, and each field
// with the kind of its fault.
func causesOnly(status metav1.Status) string {
	text := string(status.Reason)
	if text == "" {
		text = http.StatusText(int(status.Code))
	}
	if status.Details == nil {
		return text
	}
	var causes []string
	for _, cause := range status.Details.Causes {
		if cause.Field != "" {
			causes = append(causes, cause.Field+" ("+string(cause.Type)+")")
		}
	}
	if len(causes) > 0 {
		text += ": " + strings.Join(causes, ", ")
	}
	return text
}

// codeOf returns the HTTP status of an answer, 0 if there was none.
func codeOf(err error) int {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return 0
	}
	return int(status.Status().Code)
}

// reason says in few words why a server gave no answer.
func (op operation) reason(err error) string {
	var status apierrors.APIStatus
	var wrapped *url.Error
	var network *net.OpError
	switch {
	case errors.As(err, &status):
		code := int(status.Status().Code)
		if unexpected(status.Status()) || status.Status().Message == "" || op.private {
			return strings.TrimSpace(fmt.Sprintf("answers %d %s", code, http.StatusText(code)))
		}
		return fmt.Sprintf("answers %d: %s", code, status.Status().Message)
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, errTooLong):
		return errTooLong.Error()
	case errors.As(err, &network):
		if network.Op == "dial" {
			return "cannot connect: " + network.Err.Error()
		}
		return network.Err.Error()
	case errors.As(err, &wrapped):
		return wrapped.Err.Error()
	}
	return err.Error()
}
