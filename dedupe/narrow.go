package dedupe

import (
	"slices"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// ReasonDrifted: a saved scan speaks of a file that is another one by now.
const ReasonDrifted = "changed since the saved scan"

// Wish is what a saved scan wants done with one inode, and what the inode was.
type Wish struct {
	Size         int64 // bytes
	Mtime, Ctime int64 // ns
	Digest       string
	// Keeper is the inode that its names are to lead to: itself for one that
	// stays and takes others in.
	Keeper scan.ID
}

// Narrow reduces a search to what a saved scan asked for: whatever is not the
// inode that it names, or has changed since, is told and dropped, and a set
// falls apart into one for each keeper. It changes res.
func Narrow(res *hash.Result, wishes map[scan.ID]Wish, tell func(scan.Skip)) {
	var sets []hash.Set
	met := map[scan.ID]bool{}
	for _, set := range res.Sets {
		byKeeper := map[scan.ID][]hash.Member{}
		var order []scan.ID
		for _, m := range set.Members {
			w, asked := wishes[res.Tree.ID(m.Name)]
			if !asked {
				continue
			}
			met[res.Tree.ID(m.Name)] = true
			if !w.fits(&set, res.Facts(m)) {
				tell(scan.Skip{Path: res.Tree.Path(m.Name), Reason: ReasonDrifted})
				continue
			}
			if _, known := byKeeper[w.Keeper]; !known {
				order = append(order, w.Keeper)
			}
			byKeeper[w.Keeper] = append(byKeeper[w.Keeper], m)
		}
		for _, keeper := range order {
			if members := byKeeper[keeper]; len(members) > 1 {
				sets = append(sets, hash.Set{Size: set.Size, Domain: set.Domain, Digest: set.Digest, Members: members})
			}
		}
	}
	res.Sets = slices.Clip(sets)
	tellStrays(res.Tree, wishes, met, tell)
}

// tellStrays tells of the files that are equal to no other any more because
// they have changed; one whose partners have changed is still what it was.
func tellStrays(tree *scan.Tree, wishes map[scan.ID]Wish, met map[scan.ID]bool, tell func(scan.Skip)) {
	for n := range scan.Name(tree.Len()) {
		if met[tree.ID(n)] {
			continue
		}
		if w, asked := wishes[tree.ID(n)]; !asked || !w.stillTrue(tree, n) {
			tell(scan.Skip{Path: tree.Path(n), Reason: ReasonDrifted})
		}
	}
}

// stillTrue looks at a file once more.
func (w *Wish) stillTrue(tree *scan.Tree, n scan.Name) bool {
	dir, err := tree.OpenDir(tree.Dir(n))
	if err != nil {
		return false
	}
	defer kernel.Close(dir)
	now, err := scan.StatAtNow(dir, string(tree.Base(n)))
	return err == nil && now.Size == w.Size && now.Mtime == w.Mtime && now.Ctime == w.Ctime
}

// fits reports whether the inode is what the saved scan saw.
func (w *Wish) fits(set *hash.Set, f scan.Facts) bool {
	return w.Size == set.Size && w.Mtime == f.Mtime && w.Ctime == f.Ctime &&
		(w.Digest == "" || w.Digest == set.Digest.String())
}
