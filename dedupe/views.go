package dedupe

import (
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// view is what a file looks like through each filesystem that shows it: the moment of its
// last change, in ns, is hardly ever that of another file with its name and size.
type view struct {
	size, mtime, ctime int64
	base               string
}

func viewOf(t *scan.Tree, n scan.Name) view {
	f := t.Facts(n)
	return view{t.Size(n), f.Mtime, f.Ctime, string(t.Base(n))}
}

// findViews notes the inodes of sets on FUSE filesystems (mergerfs, bindfs) that another
// filesystem of the tree shows as well, under numbers of its own.
func findViews(res *hash.Result, viewed map[scan.Name]bool) {
	wanted := viewsOnFUSE(res)
	if len(wanted) == 0 || len(res.Tree.Filesystems()) < 2 {
		return
	}
	for n := range scan.Name(res.Tree.Len()) {
		for _, m := range wanted[viewOf(res.Tree, n)] {
			if res.Tree.ID(n).Dev != res.Tree.ID(m).Dev {
				viewed[m] = true
			}
		}
	}
}

// viewsOnFUSE are the names on FUSE filesystems of all sets, each with its inode's.
func viewsOnFUSE(res *hash.Result) map[view][]scan.Name {
	found := map[view][]scan.Name{}
	var names []scan.Name
	for i := range res.Sets {
		for _, m := range res.Sets[i].Members {
			if !res.Tree.Filesystem(m.Name).IsFUSE() {
				continue
			}
			names = res.Tree.Links(names[:0], m.Name)
			for _, n := range names {
				v := viewOf(res.Tree, n)
				found[v] = append(found[v], m.Name)
			}
		}
	}
	return found
}
