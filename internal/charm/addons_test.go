package charm

import (
	"context"
	"testing"

	"kubernetes-worker/internal/worker"
)

func TestMicrobotsNameIsMadeOfAnIPv4Address(t *testing.T) {
	for given, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "localhost": "127.0.0.1", "2001:db8::1": "", "": "", "no host": "",
	} {
		got, err := publicAddress(context.Background(), worker.Facts{PublicAddress: given})
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
}
