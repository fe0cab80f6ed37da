package snapd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// StoreProxy is what a snap store proxy says of itself: the identity of the store that it is, and the signed assertions
// that let a daemon believe it.
type StoreProxy struct {
	ID         string
	Assertions string
}

// assertionsLimit bounds the assertions of a store proxy in bytes; real ones are four of some 2 KiB each.
const assertionsLimit = 256 << 10

// storeProxyTimeout bounds the whole exchange with a store proxy.
const storeProxyTimeout = 20 * time.Second

// FetchStoreProxy asks a snap store proxy, by its base URL, for its assertions. Classify(err) is StoreUnreachable where it
// does not answer or is down, else what answers is no store proxy. No other proxy is used on the way.
func FetchStoreProxy(ctx context.Context, base string) (StoreProxy, error) {
	const op = "ask the snap store proxy"
	ctx, cancel := context.WithTimeout(ctx, storeProxyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v2/auth/store/assertions", nil)
	if err != nil {
		return StoreProxy{}, newError(Other, op, "the address is no URL")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: sameHost}
	resp, err := client.Do(req)
	if err != nil {
		return StoreProxy{}, &Error{Op: op, Message: clean(unreachable(err), 300), Err: err, class: StoreUnreachable}
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests:
		return StoreProxy{}, newError(StoreUnreachable, op, "it answers with HTTP status %d", resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return StoreProxy{}, newError(Other, op, "it answers with HTTP status %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, assertionsLimit+1))
	switch {
	case err != nil:
		return StoreProxy{}, &Error{Op: op, Message: clean(unreachable(err), 300), Err: err, class: StoreUnreachable}
	case len(text) > assertionsLimit:
		return StoreProxy{}, newError(Other, op, "its answer is larger than %d KiB", assertionsLimit>>10)
	case resp.Header.Get("X-Assertion-Store-Id") == "":
		return StoreProxy{}, newError(Other, op, "its answer has no header X-Assertion-Store-Id")
	}
	return StoreProxy{ID: clean(resp.Header.Get("X-Assertion-Store-Id"), 100), Assertions: string(text)}, nil
}

// sameHost follows a redirection, as from http to https, only on the host that a person has named.
func sameHost(next *http.Request, before []*http.Request) error {
	if len(before) > 5 || next.URL.Hostname() != before[0].URL.Hostname() {
		return errors.New("it redirects to another place")
	}
	return nil
}

// unreachable is why nothing could be fetched, without the address, which whoever reads it knows.
func unreachable(err error) string {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Sprintf("no answer within %s", storeProxyTimeout)
	}
	return err.Error()
}
