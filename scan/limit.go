package scan

import "golang.org/x/sys/unix"

// OpenLimit is how many files the process may have open. Go has raised the soft limit to
// the hard one when the program started. Safe for concurrent use.
func OpenLimit() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 256 // the smallest default in use, that of macOS
	}
	// A limit beyond int32 only ever means "none".
	return int(min(uint64(limit.Cur), 1<<31-1))
}

// walkersWithin is how many of the walkers may work where so many files may be open: each has a
// directory open and looks into one more, and waiting directories have theirs.
func walkersWithin(walkers, limit int) int { return max(1, min(walkers, limit/8)) }

// handlesWithin is how many of those that wait may hold their parents open.
func handlesWithin(limit int) int32 { return int32(min(maxHandles, limit/4)) }

// anchorsWithin is how many PATHs may be kept open.
func anchorsWithin(limit int) int { return max(1, min(maxKeptAnchors, limit/8)) }
