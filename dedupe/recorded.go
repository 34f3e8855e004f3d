package dedupe

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
	"github.com/oneinode/oneinode/scan/beneath"
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

// openRecorded opens a directory by the path in a journal. Symbolic links are
// followed as far as the root that the user gave, and not below it.
func openRecorded(roots *recordedRoots, path string) (int, error) {
	root := roots.of(path)
	top, err := openTop(root)
	if err != nil {
		return -1, err
	}
	defer kernel.Close(top)
	rel := strings.Trim(strings.TrimPrefix(path, root), "/")
	return beneath.OpenDir(top, rel)
}

// nearest opens the directory at a path in a journal, or the first above it that is left.
func (r *recordedRoots) nearest(path string) (int, error) {
	for {
		fd, err := openRecorded(r, path)
		if err == nil || path == "/" {
			return fd, err
		}
		path = parentOf(path)
	}
}

// openTop opens a root that a run was given, long ago maybe: a link that another user has
// put on the way since must not lead elsewhere. Inode numbers alone do not tell a
// directory from one of another filesystem.
func openTop(root string) (int, error) {
	slash, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer kernel.Close(slash)
	if fd, err := beneath.OpenDir(slash, root[1:]); err == nil {
		return fd, nil // no link is on the way, and each name asks for it
	}
	real, err := scan.Follow(root)
	if err != nil {
		return -1, err
	}
	return beneath.OpenDir(slash, real[1:])
}
