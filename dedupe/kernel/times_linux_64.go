//go:build linux && !(386 || arm || mips || mipsle)

package kernel

import "golang.org/x/sys/unix"

const isNarrow = false

const sysUtimensat = unix.SYS_UTIMENSAT
