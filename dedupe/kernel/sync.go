//go:build !darwin

package kernel

import "golang.org/x/sys/unix"

func syncToDisk(fd int) error { return unix.Fsync(fd) }
