//go:build !linux

package hash

// equalMapped is not asked for here: what is in the page cache is not known.
func equalMapped([]int, int64, int) (same, seen bool) { return false, false }
