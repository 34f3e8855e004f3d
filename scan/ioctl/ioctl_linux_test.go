package ioctl

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestRefused: the word of the kernel comes back.
func TestRefused(t *testing.T) {
	if a, err := AttributesOf(-1); err != unix.EBADF {
		t.Errorf("%+v, %v", a, err)
	}
}
