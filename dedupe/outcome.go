package dedupe

import "github.com/oneinode/oneinode/scan"

// Kind is how the attempt to replace one name ended.
type Kind uint8

const (
	Linked  Kind = iota
	Skipped      // by design: the file is busy, has changed, a limit of the filesystem
	Failed       // a system call refused, and the user may want to act
)

// Outcome tells what became of one name of the plan.
type Outcome struct {
	Name   scan.Name
	Path   string
	Kind   Kind
	Reason string // "" when linked; a Reason... constant
	Err    error  // the system's error, if there was one
	Freed  int64  // bytes that became free by this very replace
}

// KeeperChange tells that an inode which others were linked to got a new ctime by
// that, while a lease kept writers away: its content is what was read.
type KeeperChange struct {
	Name  scan.Name
	Was   scan.Facts // as it was read
	Ctime int64      // ns, after its last new link
}

// Reasons of this package.
const (
	ReasonBusy        = "open for writing"
	ReasonChanged     = "changed since it was read"
	ReasonDiffers     = "content differs now"
	ReasonMoved       = "directory moved or replaced by a link"
	ReasonOtherMount  = "another mount or project of the same filesystem"
	ReasonLinkLimit   = "link limit of the filesystem reached"
	ReasonNumbers     = "filesystem that gives each name of a file an inode number of its own"
	ReasonNoNumber    = "mount that has no number for this user or for the file's owner (idmapped)"
	ReasonPermission  = "permission denied"
	ReasonImmutable   = "operation not permitted (immutable or append-only?)"
	ReasonFull        = "no space for a temporary name or a copy"
	ReasonKeeperLost  = "the keeper cannot be used"
	ReasonNotFlushed  = "the keeper's data could not be flushed to disk"
	ReasonInterrupted = "stopped before it was reached"
	ReasonXattrs      = "its extended attributes cannot be read"
	ReasonSystem      = "system call failed"
)

// ApplyTotals sums a run.
type ApplyTotals struct {
	Linked, Skipped, Failed int64 // names
	Freed                   int64 // bytes, as seen on the descriptors: the last name of the old inode is gone
}
