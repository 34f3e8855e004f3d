// Package extents asks a filesystem where a file's bytes lie. What it tells is
// true for the bytes on disk only: those that wait in the page cache may lie
// elsewhere soon, or have no place yet (see Read).
package extents

import (
	"encoding/binary"
	"errors"
)

// Flags say what is special about an extent. The numbers are the kernel's
// (linux/fiemap.h, Documentation/filesystems/fiemap).
type Flags uint32

const (
	Last      Flags = 0x0001 // nothing comes after it
	Unknown   Flags = 0x0002 // has no place yet
	Delalloc  Flags = 0x0004 // waits in the page cache
	Encoded   Flags = 0x0008 // compressed or the like
	Encrypted Flags = 0x0080
	Unaligned Flags = 0x0100
	Inline    Flags = 0x0200 // lies among the metadata
	Tail      Flags = 0x0400 // shares its block with other files
	Unwritten Flags = 0x0800 // has a place, and reads as zeros
	Merged    Flags = 0x1000 // the kernel has put several together
	Shared    Flags = 0x2000 // others use it too: files, snapshots, or another part of this file
)

// plain are the flags that an extent may have whose place says all about its
// bytes. Encoded is not among them: what btrfs tells of a compressed extent is
// where it begins, not from which byte on the file uses it, so that two files
// with different content can show the same.
const plain = Last | Merged | Shared

// Extent is a run of bytes of a file that lie side by side on the device. All
// numbers are bytes. What no extent covers is a hole.
type Extent struct {
	Logical  int64 // offset in the file
	Physical int64 // offset on the device, or in the filesystem's own address space
	Length   int64
	Flags    Flags
}

// Flush says whether data that is dirty in the page cache, or on its way to the disk, is written
// first, and waited for.
type Flush bool

const (
	AsItLies Flush = false
	Flushed  Flush = true
)

// Errors of Read beside those of ioctl(2).
var (
	// ErrUnknown says that the kernel or the filesystem cannot tell.
	ErrUnknown = errors.New("the filesystem does not tell where files lie")
	// ErrTooMany says that the file lies in more pieces than Read returns.
	ErrTooMany = errors.New("the file lies in too many pieces")
)

// maxExtents bounds what Read returns: 2 MiB of them.
const maxExtents = 1 << 16

// Settled reports whether the list says all about where the file's bytes lie:
// there is an extent, each lies within the size, rounded up to blocks, and has a
// place that tells its bytes.
func Settled(list []Extent, size int64) bool {
	for _, e := range list {
		if e.Flags&^plain != 0 || e.Logical >= size || e.Length <= 0 {
			return false
		}
	}
	return len(list) > 0
}

// AllShared reports whether others use every extent of the list.
func AllShared(list []Extent) bool {
	for _, e := range list {
		if e.Flags&Shared == 0 {
			return false
		}
	}
	return len(list) > 0
}

// AppendKey appends bytes that are equal for two lists if they map the same
// offsets to the same places, however the kernel has cut them into pieces.
func AppendKey(key []byte, list []Extent) []byte {
	for i := 0; i < len(list); {
		e := list[i]
		for i++; i < len(list) && e.continues(list[i]); i++ {
			e.Length += list[i].Length
		}
		key = binary.LittleEndian.AppendUint64(key, uint64(e.Logical))
		key = binary.LittleEndian.AppendUint64(key, uint64(e.Physical))
		key = binary.LittleEndian.AppendUint64(key, uint64(e.Length))
	}
	return key
}

// continues reports whether next follows in the file and on the device.
func (e Extent) continues(next Extent) bool {
	return e.Logical+e.Length == next.Logical && e.Physical+e.Length == next.Physical
}

// First returns the place of the first extent that has one, 0 if none has.
func First(list []Extent) (physical int64) {
	for _, e := range list {
		if e.Flags&(Unknown|Delalloc|Inline) == 0 {
			return e.Physical
		}
	}
	return 0
}

// SharedBytes is how many bytes of the list others use too. Compressed extents
// count with the bytes that they hold, not with those that they take.
func SharedBytes(list []Extent) (sum int64) {
	for _, e := range list {
		if e.Flags&Shared != 0 {
			sum += e.Length
		}
	}
	return sum
}
