//go:build !linux

package ring

import "errors"

// Ring is one queue of reads: there are none on this system.
type Ring struct{}

// Available reports false.
func Available() bool { return false }

// New fails.
func New(int) (*Ring, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Ring) Close() {}

// Read fails.
func (*Ring) Read([]Read) error { return errors.ErrUnsupported }
