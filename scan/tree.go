package scan

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
)

// Name is one directory entry that leads to a regular file: an index into the
// Tree that made it, from 0 to Len. Neighbours mostly share a directory. A tree
// keeps 24 bytes a name beside the bytes of the name, and some dozen of Facts.
type Name uint32

// Dir is one directory of a Tree. All names in a directory share it, whatever
// their domain and however they came in.
type Dir uint32

// Domain numbers the (device, mount) pairs of a Tree from 0.
type Domain uint16

// Filesystem describes one domain.
type Filesystem struct {
	Dev   uint64 // st_dev of its files
	Mount uint64 // mount id, 0 if unknown
	// ID is f_fsid of statfs(2), 0 if unknown: other than Dev it mostly stays the
	// same from one start of the system to the next.
	ID uint64
	// Block is the size in bytes of the blocks that files are given (f_bsize of
	// statfs(2)), 0 if unknown.
	Block int64
	// Superblock is the same for exactly those domains, mounts and subvolumes, that
	// are one filesystem to the kernel.
	Superblock uint64
	// Reflinks: files here can share blocks with each other, as far as can be told
	// without trying it.
	Reflinks bool
	// Remote: other machines may write here at the same time.
	Remote bool
	// ReadOnly: the mount, or all of the filesystem.
	ReadOnly bool
	// NoFollow: the mount lets nobody follow a symbolic link (nosymfollow).
	NoFollow bool

	Point string // mount point, "" if unknown
	Type  string // "ext4", "xfs"…, "" if unknown
	// Source is what is mounted: a block device mostly, "" if unknown.
	Source string
	// Upper is, for an overlayfs, where its upper layer holds what Point shows:
	// only files there can be linked without being copied first. "" if unknown.
	Upper string
	// Projects: a directory may refuse files of another project (chattr +P). On xfs that takes
	// no mount option; on others project quotas are mounted.
	Projects bool
	// Writeback: blocks of a removed file may be used again before the removal is on disk (ext4
	// with data=writeback, also as the upper layer of an overlay).
	Writeback bool
	// InMemory: nothing is written back (tmpfs, ramfs, an overlay whose upper layer is one). There a
	// store through a mapping moves a file's times once at most, and not at all where a read came first.
	InMemory bool
}

// IsFUSE reports whether a program makes the filesystem: fuse, fuseblk, fuse.sshfs.
func (fs *Filesystem) IsFUSE() bool { return strings.HasPrefix(fs.Type, "fuse") }

// SeesWriters reports whether all who write to the filesystem go through this kernel: else
// a lease may be had, and the page cache be full, though somebody writes, on another machine
// or below the program that makes the filesystem (FUSE).
func (fs *Filesystem) SeesWriters() bool {
	return !fs.Remote && !fs.IsFUSE() && fs.Type != "virtiofs"
}

// IsImage reports whether nothing can ever be changed in a filesystem of that type. What makes such
// images stores equal contents once, and erofs calls each of its files immutable.
func (fs *Filesystem) IsImage() bool {
	return slices.Contains([]string{"squashfs", "erofs", "cramfs", "romfs", "iso9660"}, fs.Type)
}

// Leftover is a temporary name that a killed run may have left.
type Leftover struct {
	Dir  Dir
	Base string
	Stat Stat
}

// Tree is the result of a scan: compact, immutable, safe for concurrent reads.
type Tree struct {
	roots     []Root
	clean     []string // roots' paths as they are printed
	protected []bool   // effective, by root
	tops      []string

	anchors anchors
	names   table[arena]
	dirs    table[dirChunk]
	chunks  []*chunk
	count   int
	// shared lists the names of inodes with several, by (device, inode, domain,
	// path).
	shared      []Name
	filesystems []Filesystem
	leftovers   []Leftover
	holds       []Dir          // directories of given files that were not walked
	chains      map[string]int // of real paths that symbolic links lead to
	binds       []bind
	amounts     amounts
	saved       int64 // see SavedByLinks
}

// Filesystems describes the domains, indexed by Domain.
func (t *Tree) Filesystems() []Filesystem { return t.filesystems }

// Roots returns the roots as given, in that order.
func (t *Tree) Roots() []Root { return t.roots }

// Tops returns the directories beneath which all names lie, cleaned, each once: those
// given as PATH, the Tops of Roots that have one, else those that hold given files.
// Symbolic links are followed as far as one of them, and no farther.
func (t *Tree) Tops() []string { return t.tops }

// Len returns the number of names.
func (t *Tree) Len() int { return t.count }

func (t *Tree) record(n Name) *record { return &t.chunks[n>>chunkBits][n&(chunkLen-1)] }

func (t *Tree) dir(d Dir) *dirRecord { return &t.dirs.at(uint32(d) >> dirBits)[d&(dirLen-1)] }

// storedIn returns the record of the directory or stand-in that n was stored with.
func (t *Tree) storedIn(n Name) *dirRecord { return t.dir(Dir(t.record(n).dir &^ sharedBit)) }

// Size returns the bytes of n's inode, as of the walk.
func (t *Tree) Size(n Name) int64 { return int64(t.record(n).size &^ laterBit) }

// Ino returns the inode number of n.
func (t *Tree) Ino(n Name) uint64 { return t.record(n).ino }

// Domain returns where n can be linked to. Where there is but one it need not be looked up.
func (t *Tree) Domain(n Name) Domain {
	if len(t.filesystems) == 1 {
		return 0
	}
	return t.storedIn(n).domain
}

// Filesystem describes the domain of n.
func (t *Tree) Filesystem(n Name) *Filesystem { return &t.filesystems[t.Domain(n)] }

// Dir returns the directory that holds n.
func (t *Tree) Dir(n Name) Dir { return t.real(Dir(t.record(n).dir &^ sharedBit)) }

// Fixed reports whether d was immutable or append-only: no name in it can be replaced.
func (t *Tree) Fixed(d Dir) bool { return t.dir(t.real(d)).fixed }

// Root returns the index into Roots of the innermost root that holds n.
func (t *Tree) Root(n Name) int { return int(t.storedIn(n).root) }

// ID returns the identity of the inode that n leads to.
func (t *Tree) ID(n Name) ID {
	return ID{t.Filesystem(n).Dev, t.Ino(n)}
}

// Protected reports whether n lies under a protected root.
func (t *Tree) Protected(n Name) bool { return t.protected[t.storedIn(n).root] }

// Base returns the last element of n's path. The bytes belong to the tree.
func (t *Tree) Base(n Name) []byte { return nameAt(&t.names, t.record(n).name) }

// First reports whether n stands for its inode: true for exactly one name of
// each inode of a domain, the first by path. O(1).
func (t *Tree) First(n Name) bool { return t.record(n).size&laterBit == 0 }

// Links appends to buf all names of n's inode that the scan met in n's domain,
// sorted by path: one for most. Each name comes once, though overlapping roots
// met it twice. O(log) of the number of shared names.
func (t *Tree) Links(buf []Name, n Name) []Name {
	if t.record(n).dir&sharedBit == 0 {
		return append(buf, n)
	}
	key := t.sharedKey(n)
	from := sort.Search(len(t.shared), func(i int) bool {
		return t.sharedKey(t.shared[i]).compare(key) >= 0
	})
	to := from
	for to < len(t.shared) && t.sharedKey(t.shared[to]) == key {
		to++
	}
	return append(buf, t.shared[from:to]...)
}

// LinkCounts yields for each inode that was met under several names how many
// they are, and its size in bytes.
func (t *Tree) LinkCounts() iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		for from := 0; from < len(t.shared); {
			key, to := t.sharedKey(t.shared[from]), from
			for to < len(t.shared) && t.sharedKey(t.shared[to]) == key {
				to++
			}
			if !yield(to-from, t.Size(t.shared[from])) {
				return
			}
			from = to
		}
	}
}

// sharedKey orders shared names: by device first, so that an inode met in two
// domains is still seen to be one.
type sharedKey struct {
	id     ID
	domain Domain
}

func (t *Tree) sharedKey(n Name) sharedKey { return sharedKey{t.ID(n), t.Domain(n)} }

func (k sharedKey) compare(o sharedKey) int {
	return cmp.Or(cmp.Compare(k.id.Dev, o.id.Dev), cmp.Compare(k.id.Ino, o.id.Ino),
		cmp.Compare(k.domain, o.domain))
}

// Leftovers returns names that have the form of oneinode's own temporary names
// (see TemporaryPrefix), sorted by path; they are never part of the tree's other
// results.
func (t *Tree) Leftovers() []Leftover { return t.leftovers }

// sortLeftovers puts them in order by path.
func (t *Tree) sortLeftovers() {
	slices.SortFunc(t.leftovers, func(a, b Leftover) int {
		left := append(t.AppendDirPath(nil, a.Dir), a.Base...)
		return bytes.Compare(left, append(t.AppendDirPath(nil, b.Dir), b.Base...))
	})
}
