package dedupe

import (
	"context"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// FindOutside looks for the names that inodes of the plan have outside the
// PATHs: on the whole filesystem, from where it is mounted. It only tells where
// they are, nil if none has any; what it cannot read there is no trouble. walkers as in
// scan.Options, and onDir. It fails when ctx ends first.
func FindOutside(ctx context.Context, plan *decide.Plan, walkers int, onDir func()) (map[scan.ID][]string, error) {
	tree, wanted := plan.Result().Tree, wantedOutside(plan)
	points := mountPoints(tree, wanted)
	if len(points) == 0 {
		return nil, nil
	}
	all, err := scan.Scan(ctx, points, scan.Options{
		OneFilesystem: true, Walkers: walkers, OnDir: onDir,
		Wanted: func(id scan.ID) bool { _, ok := wanted[id]; return ok },
	})
	if all != nil {
		defer all.Close()
	}
	if err != nil {
		return nil, err
	}
	return outsidePaths(all, tree, wanted), nil
}

// wantedOutside returns the names that are known of each inode which has more.
func wantedOutside(plan *decide.Plan) map[scan.ID][]scan.Name {
	tree := plan.Result().Tree
	wanted := map[scan.ID][]scan.Name{}
	for sp := range plan.Sets() {
		for _, ip := range sp.Inodes {
			if ip.Outside > 0 {
				wanted[tree.ID(ip.Name)] = ip.Names
			}
		}
	}
	return wanted
}

// mountPoints returns where the filesystems of the inodes are mounted.
func mountPoints(tree *scan.Tree, wanted map[scan.ID][]scan.Name) []scan.Root {
	devices := map[uint64]scan.Name{}
	for id, names := range wanted {
		devices[id.Dev] = names[0]
	}
	var points []scan.Root
	for _, fs := range tree.Filesystems() {
		n, isWanted := devices[fs.Dev]
		if !isWanted {
			continue
		}
		root := scan.Root{Path: fs.Point}
		if fs.Point == "" {
			root.Path = highest(tree.Path(n), fs.Dev)
		}
		if root.Path != "" && !slices.Contains(points, root) {
			points = append(points, root)
		}
	}
	return points
}

// highest is the topmost directory above a file that is on its device still, where the system does
// not tell of mounts. "" where the way there is not to be had any more.
func highest(path string, dev uint64) string {
	at, err := filepath.EvalSymlinks(parentOf(absolute(path)))
	if err != nil {
		return ""
	}
	for up := parentOf(at); up != at; up = parentOf(at) {
		st, err := scan.StatAt(unix.AT_FDCWD, up)
		if err != nil || st.ID.Dev != dev {
			break
		}
		at = up
	}
	return at
}

// outsidePaths returns the names of found that are not known. A file may have 65,000 of
// either, so none is compared with all the others.
func outsidePaths(found, tree *scan.Tree, wanted map[scan.ID][]scan.Name) map[scan.ID][]string {
	known, inside := map[entry]bool{}, newEntries(tree)
	for _, names := range wanted {
		for _, n := range names {
			if e, ok := inside.of(n); ok {
				known[e] = true
			}
		}
	}
	paths, all := map[scan.ID][]string{}, newEntries(found)
	for i := range found.Len() {
		n := scan.Name(i)
		if e, ok := all.of(n); !ok || !known[e] {
			paths[found.ID(n)] = append(paths[found.ID(n)], found.Path(n))
		}
	}
	for _, list := range paths {
		slices.Sort(list)
	}
	return paths
}

// entry is a name whatever path leads to it: one name can have several.
type entry struct {
	dir  scan.ID
	base string
}

// entries looks at each directory of a tree once.
type entries struct {
	tree *scan.Tree
	dirs map[scan.Dir]scan.ID // zero: cannot be looked at
}

func newEntries(t *scan.Tree) *entries { return &entries{t, map[scan.Dir]scan.ID{}} }

func (e *entries) of(n scan.Name) (entry, bool) {
	d := e.tree.Dir(n)
	id, isKnown := e.dirs[d]
	if !isKnown {
		id, _ = identify(e.tree, d)
		e.dirs[d] = id
	}
	return entry{id, string(e.tree.Base(n))}, id != scan.ID{}
}
