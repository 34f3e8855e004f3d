package scan

import (
	"slices"
	"strings"
)

// meetAgain notes a directory that has another place beside the one where it was met
// first: a bind mount.
func (w *walker) meetAgain(first Dir, again string) {
	if place := w.tree.RealDir(first); place != again && place != "" && again != "" {
		w.places = append(w.places, place, again)
	}
}

// LeadsOut reports whether the relative way from the directory of n to another name leads out
// of a directory that the scan met at several places. From the others that way leads
// elsewhere.
func (t *Tree) LeadsOut(n, other Name) bool {
	if len(t.places) == 0 {
		return false
	}
	from, to := t.RealDir(t.Dir(n)), t.RealDir(t.Dir(other))
	return slices.ContainsFunc(t.places, func(place string) bool { return isWithin(from, place) && !isWithin(to, place) })
}

// isWithin reports whether a real path is a directory, or beneath it.
func isWithin(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
