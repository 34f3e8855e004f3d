package scan

import "math"

// ID identifies an inode for as long as it exists: device and inode number.
type ID struct{ Dev, Ino uint64 }

// Stat is what oneinode needs to know of an inode, the same on every platform.
// Times are nanoseconds since 1970 UTC, held at the ends of int64 (the years
// 1677 and 2262) when the filesystem can say more.
type Stat struct {
	ID
	Mount     uint64 // mount id (statx STATX_MNT_ID), 0 where the kernel has none
	Size      int64  // bytes
	Allocated int64  // bytes: st_blocks * 512
	Mode      uint32 // type and permission bits as in st_mode
	UID, GID  uint32
	Links     uint32 // st_nlink
	Atime     int64
	Mtime     int64
	Ctime     int64
	// Immutable and Append: chattr(1) +i and +a, where the filesystem tells them.
	Immutable, Append bool
	// Verity: the kernel proves the content with every read, and nobody can write to it
	// (fs-verity).
	Verity bool
	// Encrypted: the content can be read only while its key is there (fscrypt).
	Encrypted bool
}

// S_IFMT and the types that matter here, as in stat(2); the same on every Unix.
const (
	modeType    = 0o170000
	modeRegular = 0o100000
	modeDir     = 0o040000
	modeSymlink = 0o120000
)

// Bits of a mode: the permissions, and the two among them that lend a user's or a group's
// rights to whoever runs the file.
const (
	Permissions = 0o7777
	SetIDs      = 0o6000 // S_ISUID, S_ISGID
)

// IsRegular reports whether the inode is a regular file.
func (s *Stat) IsRegular() bool { return s.Mode&modeType == modeRegular }

// IsSymlink reports whether the inode is a symbolic link.
func (s *Stat) IsSymlink() bool { return s.Mode&modeType == modeSymlink }

// IsDir reports whether the inode is a directory.
func (s *Stat) IsDir() bool { return s.Mode&modeType == modeDir }

// IsFixed reports whether a file keeps its names, and a directory its entries, whoever
// wants to change them.
func (s *Stat) IsFixed() bool { return s.Immutable || s.Append }

// IsFar reports whether a time lies before 1678 or after 2262, where int64 cannot hold its
// nanoseconds: then what it really is, is not known.
func IsFar(ns int64) bool { return ns == math.MaxInt64 || ns == math.MinInt64 }

// nanoseconds joins a time's two halves, saturating where int64 cannot hold it.
func nanoseconds(sec int64, nsec int64) int64 {
	const limit int64 = math.MaxInt64/1_000_000_000 - 1
	switch {
	case sec > limit:
		return math.MaxInt64
	case sec < -limit:
		return math.MinInt64
	}
	return sec*1e9 + nsec
}
