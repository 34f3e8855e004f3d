//go:build !linux

package main

import "golang.org/x/sys/unix"

// goIdle is nice 19 where nothing lower is portable.
func goIdle() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, 19) }
