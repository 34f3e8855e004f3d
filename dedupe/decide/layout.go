package decide

import "github.com/oneinode/oneinode/scan"

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
	ByName map[scan.Name]Layout
	Fixed  map[scan.Domain]bool // read-only snapshots
	Lower  map[scan.Name]bool   // in a lower layer of overlayfs
	Blank  map[scan.Name]bool   // without any data
	Viewed map[scan.Name]bool   // on FUSE, and shown by another filesystem as well
	// Denied says which right this user lacks to replace a name, or to share the blocks of an inode;
	// nothing for a scan, which may be somebody else's to carry out.
	Denied map[scan.Name]string
	// Unlinkable are inodes that this user may not make links to; nothing for a scan, either.
	Unlinkable map[scan.Name]bool
	// Projects of directories, where a filesystem may have some.
	Projects map[scan.Dir]uint32
	// Sticky are directories where a symbolic link of anybody but their owner, who is told,
	// can be followed by nobody else.
	Sticky map[scan.Dir]uint32
}

// denied says which right is missing to one of the names of an inode.
func (l *Layouts) denied(names []scan.Name) string {
	for _, n := range names {
		if why := l.Denied[n]; why != "" {
			return why
		}
	}
	return ""
}

// isUnfollowed reports whether only its owner could follow a symbolic link in a directory.
func (l *Layouts) isUnfollowed(d scan.Dir, owner uint32) bool {
	of, isSticky := l.Sticky[d]
	return isSticky && of != owner
}

// of returns the layout of an inode. Where none was measured all that is allocated to it
// counts as its own.
func (l *Layouts) of(n scan.Name, allocated int64) Layout {
	if l.ByName == nil {
		return Layout{Own: allocated}
	}
	return l.ByName[n]
}
