package hash

import (
	"bytes"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// equalMapped reports whether all files hold the same bytes in a range, which it sees
// through mappings of the page cache instead of copies of it. Not seen: some of it is not
// there, or went away meanwhile; a disk that one waits for at a mapping holds up the
// whole program, at read(2) one thread. off is a multiple of the page size.
func equalMapped(fds []int, off int64, size int) (same, seen bool) {
	faulted := faults(func() { same, seen = compareMapped(fds, off, size) })
	return same && !faulted, seen && !faulted
}

func compareMapped(fds []int, off int64, size int) (same, seen bool) {
	lead, err := mapped(fds[0], off, size)
	if err != nil {
		return false, false
	}
	defer func() { _ = unix.Munmap(lead) }()
	for _, fd := range fds[1:] {
		if same, seen = equalTo(lead, fd, off); !same {
			return same, seen
		}
	}
	return true, true
}

func equalTo(lead []byte, fd int, off int64) (same, seen bool) {
	other, err := mapped(fd, off, len(lead))
	if err != nil {
		return false, false
	}
	defer func() { _ = unix.Munmap(other) }()
	return bytes.Equal(lead, other), true
}

// mapped maps a range that the page cache has.
func mapped(fd int, off int64, size int) ([]byte, error) {
	if !isCached(fd, off, int64(size)) {
		return nil, unix.ENOENT
	}
	return unix.Mmap(fd, off, size, unix.PROT_READ, unix.MAP_SHARED)
}

// faults reports whether a look at a mapping met SIGBUS: that is what it gives where the
// file was cut meanwhile or its disk fails (mmap(2), debug.SetPanicOnFault).
func faults(look func()) (faulted bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			faulted = true
		default:
			panic(fault)
		}
	}()
	look()
	return false
}
