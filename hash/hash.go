package hash

import (
	"context"

	"github.com/oneinode/oneinode/scan"
)

// Digest is the BLAKE3-256 of a file's whole content.
type Digest [32]byte

// Member is one inode of a duplicate set as it was when it was read: from the
// descriptor that was read, before the first and unchanged after the last byte.
type Member struct {
	Name  scan.Name // the name that stands for the inode (Tree.First)
	Attrs uint32    // index for Result.Attrs
	// Links is st_nlink: names the inode has, met by the scan or not.
	Links     uint32
	Allocated int64 // bytes
	Mtime     int64 // ns, as scan.Stat
	Ctime     int64
}

// Attrs is what a name shows to others beside the content. Members that agree
// in all of it share an index.
type Attrs struct {
	Mode, UID, GID uint32
	// Xattrs is a digest over the sorted names and values of all extended
	// attributes (ACLs, capabilities and labels included), zero if there are none.
	// XattrsUnknown: they could not be read; such a file matches nobody.
	Xattrs        [16]byte
	XattrsUnknown bool
}

// Set is two or more inodes of one domain with equal content.
type Set struct {
	Size    int64
	Domain  scan.Domain
	Digest  Digest // zero when Options.Digests was off and nobody needed it
	Members []Member
}

// Options of a search; the zero value works. Callbacks come from many
// goroutines at once.
type Options struct {
	Workers int  // 0 = chosen here
	Digests bool // give every set its digest, also where lockstep needs none

	OnCandidates func(inodes, bytes int64) // once: an upper bound of the work
	OnRead       func(bytes int64)
	OnDone       func(inodes int64) // candidates decided
	OnSkip       func(scan.Skip)
}

// Reasons for a Skip of this package.
const (
	ReasonChanged = "changed while it was read"
	ReasonGone    = "replaced or removed since the walk"
)

// Result is what a search found.
type Result struct {
	Tree       *scan.Tree
	Sets       []Set // in no particular order
	Candidates int64 // inodes
	BytesRead  int64
	attrs      []Attrs
}

// Attrs returns the attributes of a member.
func (r *Result) Attrs(m Member) Attrs { return r.attrs[m.Attrs] }

// Find reads the candidates of the tree and returns the duplicate sets. An
// error means that ctx ended; the result then holds the sets finished so far.
func Find(ctx context.Context, tree *scan.Tree, opts Options) (*Result, error) { panic("todo") }
