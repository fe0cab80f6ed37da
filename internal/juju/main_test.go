package juju_test

import (
	"os"
	"testing"

	"kubernetes-worker/internal/juju/jujutest"
)

// The test binary is also the hook tools, when it is started by their names.
func TestMain(m *testing.M) {
	jujutest.RunTool()
	os.Exit(m.Run())
}
