package dedupe

import (
	"slices"
	"strings"

	"github.com/oneinode/oneinode/dedupe/journal"
)

// recordedRoots are the PATHs of a run, as the journal has them: 100,000 of a list, maybe,
// of which each name asks for its own.
type recordedRoots struct {
	paths   map[string]bool
	lengths []int // of the paths, longest first
}

func newRecordedRoots(list []journal.Path) (r recordedRoots) {
	r.paths = make(map[string]bool, len(list))
	for _, p := range list {
		path := strings.TrimSuffix(string(p), "/")
		if r.paths[path] = true; !slices.Contains(r.lengths, len(path)) {
			r.lengths = append(r.lengths, len(path))
		}
	}
	slices.SortFunc(r.lengths, func(a, b int) int { return b - a })
	return r
}

// of returns the innermost root that a path is or lies in, "/" where there is none.
func (r *recordedRoots) of(path string) string {
	for _, n := range r.lengths {
		if n > 0 && (n == len(path) || n < len(path) && path[n] == '/') && r.paths[path[:n]] {
			return path[:n]
		}
	}
	return "/"
}
