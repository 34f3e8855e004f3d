//go:build unix && !linux

package scan

import "golang.org/x/sys/unix"

// isVirtual, typeOf, mountOf, isWriteback, readMounts: what Linux tells of mounts is not asked of
// other systems, where virtual filesystems hold few regular files and link(2)
// itself refuses to cross mounts.
func isVirtual(int64, string) bool { return false }

// readOnly is MNT_RDONLY of statfs(2).
const readOnly = 1

// fsIdentity returns what statfs(2) tells of the filesystem that fd is open on.
func fsIdentity(fd int) (magic int64, fs Filesystem) {
	var st unix.Statfs_t
	if unix.Fstatfs(fd, &st) == nil {
		fs = Filesystem{Block: int64(st.Bsize), ReadOnly: st.Flags&readOnly != 0}
	}
	return 0, fs
}

func typeOf(int64) string { return "" }

func mountOf(_ int, told uint64) uint64 { return told }

// sharing: other systems clone whole files at best, and do not compare.
func sharing(_ int, _ int64, dev uint64) (superblock uint64, reflinks bool) { return dev, false }

func isWriteback(string, uint64) bool { return false }

func readMounts() map[uint64]mountInfo { return nil }
