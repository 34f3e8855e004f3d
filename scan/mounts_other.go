//go:build unix && !linux

package scan

// isVirtual, fsIdentity, typeOf, mountOf, isWriteback, readMounts: what Linux tells of mounts is not asked of
// other systems, where virtual filesystems hold few regular files and link(2)
// itself refuses to cross mounts.
func isVirtual(int64, string) bool { return false }

func fsIdentity(int) (magic int64, fs Filesystem) { return 0, Filesystem{} }

func typeOf(int64) string { return "" }

func mountOf(_ int, told uint64) uint64 { return told }

// sharing: other systems clone whole files at best, and do not compare.
func sharing(_ int, _ int64, dev uint64) (superblock uint64, reflinks bool) { return dev, false }

func isWriteback(string, uint64) bool { return false }

func readMounts() map[uint64]mountInfo { return nil }
