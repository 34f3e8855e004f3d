package request

import (
	"iter"
	"path/filepath"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// ways are the PATHs of a scan, by which it came to its files.
type ways struct {
	base       string            // where relative paths begin
	real       string            // that directory, through no link; "" where that cannot be found out
	tops       map[string]string // the PATHs as given, by clean path
	references map[string]bool   // those of --reference, by clean path
}

func waysOf(run *schema.Run, base string) *ways {
	real, _ := scan.Follow(base) // a path that cannot be had through it is told by the scan
	w := &ways{base: base, real: real, tops: map[string]string{}, references: map[string]bool{}}
	for _, root := range run.Roots {
		given := w.absolute(root.Raw())
		clean := scan.CleanPath(given)
		w.tops[clean], w.references[clean] = given, w.references[clean] || root.Reference
	}
	return w
}

// absolute leaves all else as it is: "link/.." is not the directory of link. A path that leads up
// from the base must be good without that, for an undo.
func (w *ways) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	if dir, rest := scan.Climb(w.real, path); w.real != "" && rest != path {
		return strings.TrimSuffix(dir, "/") + "/" + rest
	}
	return w.base + "/" + path
}

// topOf returns the PATH that a file lies under; "" when the file itself was
// given. With nested ones it is the outermost, since below that one nobody meant
// a link to be followed, unless by a slash at the end of another.
func (w *ways) topOf(path string) (top string, ok bool) {
	_, ok = w.tops[path]
	for dir := range above(path) {
		given, isTop := w.tops[dir]
		if !isTop {
			continue
		}
		top, ok = given, true
		if strings.HasSuffix(given, "/") {
			break
		}
	}
	return top, ok
}

// isReference reports whether a file is, or lies under, a reference of the scan.
func (w *ways) isReference(path string) bool {
	for dir := range above(path) {
		if w.references[dir] {
			return true
		}
	}
	return w.references[path]
}

// above yields the directories that a file lies under, the innermost first. What stands
// before a ".." is not above the file.
func above(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for path != "/" && !strings.HasSuffix(path, "/..") {
			if path = path[:max(1, strings.LastIndexByte(path, '/'))]; !yield(path) {
				return
			}
		}
	}
}
