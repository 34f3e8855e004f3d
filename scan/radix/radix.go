// Package radix sorts long lists by a number: device, inode. Inode numbers of a
// tree mostly differ in three of their eight bytes, so that it takes three passes
// where a comparing sort of a million takes twenty.
package radix

// Sort orders list by key, smallest first, and keeps the order of equal keys, so
// that a list is put in order by several numbers with one call for each, the
// least important one first. It needs as much memory again.
func Sort[T any](list []T, key func(*T) uint64) {
	if isUniform(list, key) {
		return
	}
	counts := count(list, key)
	from, to := list, []T(nil)
	for digit := range counts {
		if isConstant(&counts[digit], len(list)) {
			continue
		}
		if to == nil {
			to = make([]T, len(list))
		}
		scatter(to, from, &counts[digit], 8*digit, key)
		from, to = to, from
	}
	if &from[0] != &list[0] {
		copy(list, from)
	}
}

// isUniform reports whether all keys are the same, as device numbers mostly are.
func isUniform[T any](list []T, key func(*T) uint64) bool {
	for i := range list {
		if key(&list[i]) != key(&list[0]) {
			return false
		}
	}
	return true
}

// count counts how often each digit, a byte, has each value.
func count[T any](list []T, key func(*T) uint64) (counts [8][256]uint32) {
	for i := range list {
		k := key(&list[i])
		for digit := range counts {
			counts[digit][byte(k>>(8*digit))]++
		}
	}
	return counts
}

// isConstant reports whether all n keys have the same digit.
func isConstant(counts *[256]uint32, n int) bool {
	for _, c := range counts {
		if c != 0 {
			return int(c) == n
		}
	}
	return true
}

// scatter puts the items in the order of one digit.
func scatter[T any](to, from []T, counts *[256]uint32, shift int, key func(*T) uint64) {
	next := uint32(0)
	for v, c := range counts {
		counts[v], next = next, next+c
	}
	for i := range from {
		v := byte(key(&from[i]) >> shift)
		to[counts[v]] = from[i]
		counts[v]++
	}
}
