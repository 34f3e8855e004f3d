package hash

import (
	"context"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/scan"
)

// Digest is the BLAKE3-256 of a file's whole content.
type Digest [32]byte

// Member is one inode of a duplicate set. What else is known of it is in
// Result.Facts: a record of a candidate must be small.
type Member struct {
	Name  scan.Name // the name that stands for the inode (Tree.First)
	Attrs uint32    // index for Result.Attrs
	// Unread: not read in this run. Either the set is that of an earlier one, and the
	// file has the times that it had then (Options.Cache, Options.Confirm), or the
	// file lies where others of the set do (twins.go).
	Unread bool
	state  state
}

// state says what is known of a candidate.
type state uint8

const (
	absent   state = iota // not read yet, or left out
	recalled              // known from the cache; nobody has looked at the file yet
	present               // read, or looked at
)

// Attrs is what a name shows to others beside the content. Members that agree
// in all of it share an index.
type Attrs struct {
	Mode, UID, GID uint32
	// Xattrs is a digest over the sorted names and values of all extended
	// attributes (ACLs, capabilities and labels included), zero if there are none.
	// XattrsUnknown: they could not be read; such a file matches nobody.
	Xattrs        [16]byte
	XattrsUnknown bool
	// Immutable and Append: chattr(1) +i and +a. Verity: see scan.Stat. Far: times that cannot
	// be given back, see scan.IsFar.
	Immutable, Append, Verity, Far bool
	// Encryption is a digest over the policy and the key by which the filesystem encrypts
	// the file (fscrypt), zero if it does not.
	Encryption [16]byte
}

// Set is two or more inodes of one domain (or of one Options.Group) with equal
// content.
type Set struct {
	Size    int64
	Domain  scan.Domain // of the first member
	Digest  Digest      // zero when Options.Digests was off and nobody needed it
	Members []Member    // by domain and inode number
}

// Options of a search; the zero value works. Callbacks come from many
// goroutines at once.
type Options struct {
	// Workers is how many read at the same time; 0 = as the disks like it, see
	// Device: DefaultWorkers each, or a few where the head has to move.
	Workers int
	Device  Device
	Digests bool // give every set its digest, also where lockstep needs none
	// Group says which domains may share a set: those with equal numbers. Nil
	// keeps every domain to itself, which is what hard links need. Files of the
	// group NoGroup are not looked at.
	Group func(scan.Domain) uint32
	// Wanted says which files are looked at; nil: all. Its answer is the same for all files
	// of a group that have the same size.
	Wanted func(scan.Name) bool
	// Idle takes in files that are open for writing if they have not changed for
	// idleAge: whoever has them open does not write. It saves a seventh of the time
	// of small files to look at the young ones only. For results that are checked
	// once more before anybody acts on them.
	Idle bool

	// Cache remembers digests from one search to the next. What it knows rules files out
	// without a read, and nominates sets, which are believed unless Confirm, asked for each
	// of them, has their files read. Sets whose members were read need not be asked for.
	Cache   *cache.Cache
	Confirm func(*Result, *Set) bool // called from one goroutine
	OnCache func(error)              // the cache could not be read or written; all else goes on

	// BestFirst reads first what may save most, instead of all in one sweep over
	// the disk: for a search that may be stopped by ctx.
	BestFirst bool
	// Throttle is called before every read of so many bytes and returns when it
	// may begin, or with the error of ctx.
	Throttle func(ctx context.Context, bytes int64) error

	// OnCandidates is called once, before the first read, with what will be read
	// if all turns out equal; of large files a little may be read once more.
	OnCandidates func(inodes, bytes int64)
	OnRead       func(bytes int64)
	// OnDone tells of candidates that will not be read again, and what they have of the
	// bytes of OnCandidates, which may never have been read.
	OnDone func(inodes, bytes int64)
	OnSkip func(scan.Skip) // a candidate left out; a failed read or open has Err
}

// NoGroup is for domains whose files are none of the search's.
const NoGroup = ^uint32(0)

// Reasons for a Skip of this package.
const (
	ReasonChanged = "changed while it was read"
	ReasonGone    = "replaced or removed since the walk"
	ReasonBusy    = "open for writing"
	ReasonXattrs  = "extended attributes cannot be read"
)

// Result is what a search found.
type Result struct {
	Tree       *scan.Tree
	Sets       []Set // the same order for the same tree and content, but no particular one
	Candidates int64 // inodes
	BytesRead  int64
	attrs      []Attrs
	layout     *layout
	changes    *changes
}

// Attrs returns the attributes of a member.
func (r *Result) Attrs(m Member) Attrs { return r.attrs[m.Attrs] }
