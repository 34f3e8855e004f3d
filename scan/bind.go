package scan

import (
	"path/filepath"
	"slices"
	"strings"
)

// bind is two real paths at which the scan met one directory: a bind mount, seen from one of
// its two places.
type bind struct{ one, other string }

// meetAgain notes a directory that has another place beside the one where it was met
// first.
func (w *walker) meetAgain(first Dir, again string) {
	if place := w.tree.RealDir(first); place != again && place != "" && again != "" {
		w.binds = append(w.binds, bind{place, again}, bind{again, place})
	}
}

// LeadsAstray reports whether the relative way from the directory of n to that of another
// name leads elsewhere from another place at which the scan met the former.
func (t *Tree) LeadsAstray(n, other Name) bool {
	if len(t.binds) == 0 {
		return false
	}
	from, to := t.RealDir(t.Dir(n)), t.RealDir(t.Dir(other))
	return slices.ContainsFunc(t.binds, func(b bind) bool { return b.leadsAstray(from, to) })
}

// leadsAstray is about a way that is taken from the other place. It may end in that, too.
func (b bind) leadsAstray(from, to string) bool {
	way, err := filepath.Rel(from, to)
	end := filepath.Join(b.seen(from), way)
	return err != nil || end != to && end != b.seen(to)
}

// seen is where a directory is seen from the other place, or itself if it is not beneath the one.
func (b bind) seen(dir string) string {
	rest, isHere := strings.CutPrefix(dir+"/", strings.TrimSuffix(b.one, "/")+"/")
	if !isHere {
		return dir
	}
	return filepath.Join(b.other, rest)
}
