package scan

import "context"

// Name is one directory entry that leads to a regular file: an index into the
// Tree that made it. A tree keeps 24 bytes a name beside the bytes of the name.
type Name uint32

// Dir is one directory of a Tree (or, for a file mounted over a file and for a
// file given as PATH, a stand-in for its directory with the file's own domain).
type Dir uint32

// Domain numbers the (device, mount) pairs of a Tree from 0.
type Domain uint16

// Filesystem describes one domain.
type Filesystem struct {
	Dev   uint64 // st_dev of its files
	Mount uint64 // mount id, 0 if unknown
	Point string // mount point, "" if unknown
	Type  string // "ext4", "xfs"…, "" if unknown
}

// Totals of a scan. Bytes count each inode once.
type Totals struct {
	Names       int64 // regular files' names that passed the filters
	Inodes      int64
	Directories int64
	Apparent    int64 // bytes
	Allocated   int64 // bytes
	// SavedByLinks is what further copies would take if every name that shares
	// an inode with another had an inode of its own: allocated bytes times
	// (names met - 1).
	SavedByLinks int64
}

// Tree is the result of a scan: compact, immutable, safe for concurrent reads.
type Tree struct{ todo int }

// Scan walks the roots at the same time and returns what it met. An error means
// that a root could not be used (see RootError) or that ctx ended (then the
// tree holds what was met so far). All lesser troubles go to opts.OnSkip.
func Scan(ctx context.Context, roots []Root, opts Options) (*Tree, error) { panic("todo") }

// RootError says that a PATH itself could not be used.
type RootError struct {
	Path string
	Hint string // what the user can do, "" if there is nothing to add
	Err  error
}

// Close releases the descriptors of the roots.
func (t *Tree) Close() error { panic("todo") }

func (t *Tree) Totals() Totals            { panic("todo") }
func (t *Tree) Filesystems() []Filesystem { panic("todo") } // indexed by Domain
func (t *Tree) Roots() []Root             { panic("todo") } // as given, in that order
func (t *Tree) Len() int                  { panic("todo") } // number of names

// Size, Ino, Domain, Dir, Root: facts of a name, all O(1).
func (t *Tree) Size(n Name) int64    { panic("todo") }
func (t *Tree) Ino(n Name) uint64    { panic("todo") }
func (t *Tree) Domain(n Name) Domain { panic("todo") }
func (t *Tree) Dir(n Name) Dir       { panic("todo") }
func (t *Tree) Root(n Name) int      { panic("todo") } // index into Roots: the innermost root that holds it

// ID returns the identity of the inode that n leads to.
func (t *Tree) ID(n Name) ID { panic("todo") }

// Protected reports whether n lies under a protected root.
func (t *Tree) Protected(n Name) bool { panic("todo") }

// Base returns the last element of n's path. The bytes belong to the tree.
func (t *Tree) Base(n Name) []byte { panic("todo") }

// AppendPath appends the whole path of n, as the user would write it (root as
// given, cleaned), to buf.
func (t *Tree) AppendPath(buf []byte, n Name) []byte { panic("todo") }

// Path is AppendPath as a string.
func (t *Tree) Path(n Name) string { panic("todo") }

// AppendDirPath does the same for a directory.
func (t *Tree) AppendDirPath(buf []byte, d Dir) []byte { panic("todo") }

// First reports whether n stands for its inode: true for exactly one name of
// each inode (O(1)).
func (t *Tree) First(n Name) bool { panic("todo") }

// Links appends to buf all names of n's inode that the scan met, sorted by
// path: one for most. Each name once, though overlapping roots met it twice.
func (t *Tree) Links(buf []Name, n Name) []Name { panic("todo") }

// Leftovers returns names that have the form of oneinode's own temporary names
// (see IsTemporary); they are never part of the tree's other results.
func (t *Tree) Leftovers() []Leftover { panic("todo") }

// Leftover is a temporary name that a killed run may have left.
type Leftover struct {
	Dir  Dir
	Base string
	Stat Stat
}

// OpenDir opens a directory of the tree beneath its root's descriptor, never
// through a symbolic link, however long its path. The caller closes fd.
func (t *Tree) OpenDir(d Dir) (fd int, err error) { panic("todo") }

// Opener opens files of one tree; it keeps the last directory open, so it is
// for one goroutine, and cheapest when names come directory by directory.
type Opener struct{ todo int }

func (t *Tree) NewOpener() *Opener { panic("todo") }

// Open opens n for reading: O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC, and O_NOATIME
// where the kernel allows it. It does not prove identity: FStat the result.
func (o *Opener) Open(n Name) (fd int, err error) { panic("todo") }

// Close closes the directory that it kept.
func (o *Opener) Close() { panic("todo") }

// FStat describes an open file.
func FStat(fd int) (Stat, error) { panic("todo") }

// StatAt describes a directory entry, never following a symbolic link.
func StatAt(dirfd int, base string) (Stat, error) { panic("todo") }

// TemporaryPrefix begins every temporary name: ".oneinode-" + 8 hex digits of
// the run + "-" + 16 random hex digits, 35 bytes in all, so that it fits in any
// directory beside names of the longest kind.
const TemporaryPrefix = ".oneinode-"

// IsTemporary reports whether base has exactly the form of a temporary name.
func IsTemporary(base string) bool { panic("todo") }

// TemporaryRun returns the run part of a temporary name.
func TemporaryRun(base string) string { panic("todo") }

// Filter decides by name; the zero value takes everything.
type Filter struct{ todo int }

// NewFilter compiles globs (doublestar syntax; ** crosses directories). A glob
// without a slash matches base names, one with a slash the path: anchored at /
// when it begins with one, else at any directory. A file is taken when no
// exclude matches it (or a directory above it, inside the root) and, if there
// are includes, one of them matches. The error names the bad glob.
func NewFilter(include, exclude []string) (Filter, error) { panic("todo") }
