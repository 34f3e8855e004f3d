//go:build linux && (386 || arm || mips || mipsle)

package kernel

import "golang.org/x/sys/unix"

// isNarrow: a long has 32 bits, so that utimensat(2) ends in 2038.
const isNarrow = true

const sysUtimensat = unix.SYS_UTIMENSAT_TIME64
