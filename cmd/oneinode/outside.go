package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/scan"
)

// findOutside looks for the names that inodes of the plan have outside the
// PATHs: on the whole filesystem, from where it is mounted. It only tells where
// they are; what it cannot read there is no trouble of this run.
func (r *run) findOutside(ctx context.Context, plan *dedupe.Plan) error {
	if !r.outside {
		return nil
	}
	wanted := wantedOutside(plan)
	points := mountPoints(r.tree, wanted)
	if len(points) == 0 {
		return nil
	}
	defer r.clock(&r.facts.Seconds.Scan)()
	tree, err := scan.Scan(ctx, points, scan.Options{
		OneFilesystem: true, Walkers: r.threads,
		Wanted: func(id scan.ID) bool { _, ok := wanted[id]; return ok },
	})
	if tree != nil {
		defer tree.Close()
	}
	if err != nil {
		return scanFault(err)
	}
	r.facts.Outside = outsidePaths(tree, r.tree, wanted)
	return nil
}

// wantedOutside returns the names that are known of each inode which has more.
func wantedOutside(plan *dedupe.Plan) map[scan.ID][]scan.Name {
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
	devices := map[uint64]bool{}
	for id := range wanted {
		devices[id.Dev] = true
	}
	var points []scan.Root
	for _, fs := range tree.Filesystems() {
		root := scan.Root{Path: fs.Point}
		if devices[fs.Dev] && fs.Point != "" && !slices.Contains(points, root) {
			points = append(points, root)
		}
	}
	return points
}

// outsidePaths returns the names of found that are not known. One name can have
// several paths, so the directory's identity and the last element tell.
func outsidePaths(found, tree *scan.Tree, wanted map[scan.ID][]scan.Name) map[scan.ID][]string {
	paths := map[scan.ID][]string{}
	for i := range found.Len() {
		n := scan.Name(i)
		id, path := found.ID(n), found.Path(n)
		isKnown := slices.ContainsFunc(wanted[id], func(k scan.Name) bool { return isSameName(tree.Path(k), path) })
		if !isKnown {
			paths[id] = append(paths[id], path)
		}
	}
	for _, list := range paths {
		slices.Sort(list)
	}
	return paths
}

func isSameName(a, b string) bool {
	if filepath.Base(a) != filepath.Base(b) {
		return false
	}
	da, errA := os.Stat(filepath.Dir(a))
	db, errB := os.Stat(filepath.Dir(b))
	return errA == nil && errB == nil && os.SameFile(da, db)
}
