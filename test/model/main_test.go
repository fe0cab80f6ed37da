package model

import (
	"os"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

func TestMain(m *testing.M) {
	RunProgram()
	jujusim.RunHelper()
	os.Exit(Scratch(m))
}
