// Package gonvml takes the place of a library that needs cgo: kubelets up to 1.18 are linked with it to read GPUs, which
// the programs here never do.
package gonvml

import (
	"errors"
	"time"
)

// Device is a GPU; there is none.
type Device struct{}

var errAbsent = errors.New("built without NVML")

// Initialize fails, upon which nothing else is called.
func Initialize() error { return errAbsent }

// Shutdown does nothing.
func Shutdown() error { return nil }

// DeviceCount fails.
func DeviceCount() (uint, error) { return 0, errAbsent }

// DeviceHandleByIndex fails.
func DeviceHandleByIndex(uint) (Device, error) { return Device{}, errAbsent }

// MinorNumber fails.
func (Device) MinorNumber() (uint, error) { return 0, errAbsent }

// UUID fails.
func (Device) UUID() (string, error) { return "", errAbsent }

// Name fails.
func (Device) Name() (string, error) { return "", errAbsent }

// MemoryInfo fails.
func (Device) MemoryInfo() (uint64, uint64, error) { return 0, 0, errAbsent }

// AverageGPUUtilization fails.
func (Device) AverageGPUUtilization(time.Duration) (uint, error) { return 0, errAbsent }
