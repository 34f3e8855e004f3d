//go:build unix

package scan

import "golang.org/x/sys/unix"

// fromStat turns the kernel's stat into ours; the conversions are needed where
// a system's fields are narrower.
func fromStat(raw *unix.Stat_t, st *Stat) {
	*st = Stat{
		ID:        ID{uint64(raw.Dev), uint64(raw.Ino)},
		Size:      int64(raw.Size),
		Allocated: int64(raw.Blocks) * 512,
		Mode:      uint32(raw.Mode),
		UID:       raw.Uid,
		GID:       raw.Gid,
		Links:     uint32(raw.Nlink),
		Atime:     nanoseconds(int64(raw.Atim.Sec), int64(raw.Atim.Nsec)),
		Mtime:     nanoseconds(int64(raw.Mtim.Sec), int64(raw.Mtim.Nsec)),
		Ctime:     nanoseconds(int64(raw.Ctim.Sec), int64(raw.Ctim.Nsec)),
	}
}
