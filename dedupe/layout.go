package dedupe

import (
	"context"
	"crypto/sha256"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// Layout is where an inode lies, which counts for a reflink mostly. It is that of the bytes
// on disk; what waits in the page cache may still move.
type Layout struct {
	Own    int64  // bytes in blocks that nobody else uses, not even a snapshot
	Shared int64  // bytes in blocks that others use too
	Place  uint32 // equal for inodes in the very same blocks; 0: cannot be told
	Inline bool   // lies among the metadata, where nothing can be shared
	NoCow  bool   // without copy-on-write and checksums (chattr(1) +C): shares with its like only
	Fixed  bool   // in a read-only snapshot: better a keeper
	// Project, for a hard link, is that of the first name's directory if that lets in no
	// files of other projects.
	Project uint32
}

// empty reports whether there is no block at all: the content is one hole.
func (l Layout) empty() bool { return l.Place != 0 && l.Own+l.Shared == 0 }

// Layouts are those of the inodes whose sets may be reflinked, and which inodes lie
// where nothing can be linked. A nil *Layouts, as an empty one, knows nothing.
type Layouts struct {
	byName map[scan.Name]Layout
	places map[placement]uint32
	fixed  map[scan.Domain]bool // read-only snapshots
	lower  map[scan.Name]bool   // in a lower layer of overlayfs
	viewed map[scan.Name]bool   // on FUSE, and shown by another filesystem as well
	uppers map[scan.Dir]string
	// projects of directories, where a filesystem may have some
	projects map[scan.Dir]uint32
	sticky   map[scan.Dir]*scan.Stat // directories, nil for those where everybody can follow links
	list     []extents.Extent
}

func newLayouts() *Layouts {
	return &Layouts{
		byName: map[scan.Name]Layout{}, places: map[placement]uint32{}, fixed: map[scan.Domain]bool{},
		lower: map[scan.Name]bool{}, viewed: map[scan.Name]bool{}, uppers: map[scan.Dir]string{}, projects: map[scan.Dir]uint32{},
		sticky: map[scan.Dir]*scan.Stat{},
	}
}

// Measure asks the filesystems where the inodes of all sets lie that the policy
// would reflink, and elsewhere which cannot be linked. It reads no content. What
// cannot be opened, or is not reached before ctx ends, stays unknown: the run itself will say why.
func Measure(ctx context.Context, res *hash.Result, policy Policy) *Layouts {
	l := newLayouts()
	l.findViews(res)
	opener := res.Tree.NewOpener()
	defer opener.Close()
	for i := range res.Sets {
		set := &res.Sets[i]
		look := l.lookAt
		if policy.on(&res.Tree.Filesystems()[set.Domain]).Link == LinkReflink {
			look = l.measure
		}
		clear(l.places) // only members of one set are compared
		for _, m := range set.Members {
			if ctx.Err() != nil {
				return l
			}
			look(opener, res.Tree, m.Name)
			if policy.Link == LinkSymlink {
				l.lookAtDirs(res.Tree, m.Name)
			}
		}
	}
	return l
}

// lookAt finds out what lets no name of an inode be replaced, where the type of the
// filesystem leaves that open.
func (l *Layouts) lookAt(opener *scan.Opener, tree *scan.Tree, n scan.Name) {
	domain, fs := tree.Domain(n), tree.Filesystem(n)
	switch _, known := l.fixed[domain]; {
	case fs.Type == "overlay":
		l.lower[n] = l.inLowerLayer(fs, tree, n)
	case fs.Type == "btrfs" && !known:
		if fd, err := opener.Open(n); err == nil {
			l.fixed[domain] = readOnlySubvolume(fd)
			closeFD(fd)
		}
	case fs.Projects:
		l.lookAtProject(tree, tree.Dir(n))
	}
}

// lookAtProject asks each directory once.
func (l *Layouts) lookAtProject(tree *scan.Tree, d scan.Dir) {
	if _, known := l.projects[d]; known {
		return
	}
	l.projects[d] = 0
	if fd, err := tree.OpenDir(d); err == nil {
		l.projects[d] = projectOf(fd)
		closeFD(fd)
	}
}

// lookAtDirs asks each directory with a name of an inode once whether links there can be
// followed. What cannot be looked at the run will tell.
func (l *Layouts) lookAtDirs(tree *scan.Tree, n scan.Name) {
	for _, n := range tree.Links(nil, n) {
		d := tree.Dir(n)
		if _, known := l.sticky[d]; known {
			continue
		}
		l.sticky[d] = nil
		if fd, err := tree.OpenDir(d); err == nil {
			if now, err := scan.FStatNow(fd); err == nil && isStickyToAll(&now) {
				l.sticky[d] = &now
			}
			closeFD(fd)
		}
	}
}

// inLowerLayer is lowerLayer, with one look at the way to each directory.
func (l *Layouts) inLowerLayer(fs *scan.Filesystem, tree *scan.Tree, n scan.Name) bool {
	dir := tree.Dir(n)
	upper, known := l.uppers[dir]
	if !known {
		upper = upperDir(fs, parentOf(absolute(tree.Path(n))))
		l.uppers[dir] = upper
	}
	return !isUpper(upper, string(tree.Base(n)))
}

// isUnfollowed reports whether only its owner could follow a symbolic link in a directory.
func (l *Layouts) isUnfollowed(d scan.Dir, owner uint32) bool {
	return l.sticky[d] != nil && unfollowed(l.sticky[d], &scan.Stat{UID: owner})
}

func (l *Layouts) measure(opener *scan.Opener, tree *scan.Tree, n scan.Name) {
	fd, err := opener.Open(n)
	if err != nil {
		return
	}
	defer closeFD(fd)
	if l.list, err = extents.ReadAll(fd, false, l.list[:0]); err != nil {
		return
	}
	out := l.layoutOf(l.list)
	if domain := tree.Domain(n); tree.Filesystem(n).Type == "btrfs" {
		fixed, known := l.fixed[domain]
		if !known {
			fixed = readOnlySubvolume(fd)
			l.fixed[domain] = fixed
		}
		out.Fixed, out.NoCow = fixed, withoutCow(fd)
	}
	l.byName[n] = out
}

func (l *Layouts) layoutOf(list []extents.Extent) Layout {
	key, ok := placeKey(list)
	if !ok {
		return sumLayout(list)
	}
	place, met := l.places[key]
	if !met {
		place = uint32(len(l.places) + 1)
		l.places[key] = place
	}
	out := sumLayout(list)
	out.Place = place
	return out
}

func sumLayout(list []extents.Extent) (l Layout) {
	for _, e := range list {
		switch {
		case e.Flags&extents.Inline != 0:
			l.Inline = true
		case e.Flags&extents.Shared != 0:
			l.Shared += e.Length
		default:
			l.Own += e.Length
		}
	}
	return l
}

// placement is a digest of where a file lies.
type placement [sha256.Size]byte

// placeKey is equal for two files of equal content that use the same blocks. Of
// a compressed extent only its beginning is told, which is enough here: whoever
// uses a part of it keeps all of it.
func placeKey(list []extents.Extent) (placement, bool) {
	const known = extents.Last | extents.Merged | extents.Shared | extents.Encoded | extents.Unwritten
	for _, e := range list {
		if e.Flags&^known != 0 {
			return placement{}, false
		}
	}
	return sha256.Sum256(extents.AppendKey(nil, list)), true
}

// of returns the layout of an inode. Where none was measured all that is allocated to it
// counts as its own.
func (l *Layouts) of(n scan.Name, allocated int64) Layout {
	if l.byName == nil {
		return Layout{Own: allocated}
	}
	return l.byName[n]
}
