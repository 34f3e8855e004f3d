//go:build darwin || freebsd

package kernel

import "golang.org/x/sys/unix"

// NoAttribute is what removing an extended attribute says of one that is not there.
const NoAttribute = unix.ENOATTR
