package report

import (
	"cmp"
	"iter"

	"github.com/oneinode/oneinode/scan"
)

// Schema is the number of the JSON schema that this package writes and reads.
// Within a number fields are only ever added.
const Schema = 1

// Source is a result, from a live run or from a saved file. All three may be
// asked for any number of times, but not from several goroutines at once.
type Source interface {
	Document() Document
	// Sets yields the duplicate sets, biggest reclaimable first. An error ends
	// the sequence.
	Sets() iter.Seq2[Set, error]
	// Skipped yields what was left out, sorted by path. A live source that was
	// told to keep only examples yields those; the summary has the true counts.
	Skipped() iter.Seq[Skipped]
}

// Document holds the facts about a run as a whole.
type Document struct {
	Schema      int          `json:"schema"`
	Tool        Tool         `json:"tool"`
	Run         Run          `json:"run"`
	Filesystems []Filesystem `json:"filesystems"`
	Summary     Summary      `json:"summary"`
}

// Tool names the program that wrote a document.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Run tells who ran what, and when.
type Run struct {
	ID       string `json:"id"`
	Host     string `json:"host"`
	Command  string `json:"command"` // the whole command line, quoted for a shell
	Roots    []Root `json:"roots"`
	Started  Time   `json:"started"`
	Finished Time   `json:"finished"`
	Complete bool   `json:"complete"`          // false: the run was stopped before its end
	Stopped  string `json:"stopped,omitempty"` // the flag whose limit stopped it

	Resumes      bool `json:"resumes,omitempty"`       // it was stopped, and running it again goes on from there
	FoundOutside bool `json:"found_outside,omitempty"` // --find-outside has looked for further names

	// Overlap: PATHs of several scans overlap, so that some sums count twice what both met.
	Overlap bool `json:"overlap,omitempty"`

	Directory *Path    `json:"directory,omitempty"` // where relative paths begin
	Action    string   `json:"action,omitempty"`    // ActionScan, ActionPlan or ActionDedupe
	Match     []string `json:"match,omitempty"`     // what --match asked for, in its words
	Link      string   `json:"link,omitempty"`      // what --link asked for; "" is "hard", LinkMixed several
	Absolute  bool     `json:"absolute,omitempty"`  // symbolic links are to say whole paths (--absolute)

	// MatchReflink is what --match asked for where --link auto makes reflinks; Match holds elsewhere.
	MatchReflink []string `json:"match_reflink,omitempty"`
}

// What a run did, for Run.Action.
const (
	ActionScan   = "scan"
	ActionPlan   = "plan" // dedupe --dry-run
	ActionDedupe = "dedupe"
)

// Root is one PATH of a run.
type Root struct {
	Path
	Reference bool `json:"reference,omitempty"` // given by --reference

	Host   string  `json:"host,omitempty"`   // in a report of several hosts
	Amount *Amount `json:"amount,omitempty"` // what lies beneath it, when the run counted it
}

// Filesystem is one device as seen through one mount.
type Filesystem struct {
	Device uint64 `json:"device"`
	Mount  string `json:"mount"` // mount point, "" if unknown
	Type   string `json:"type"`

	// Apart: no hard link leads from here to another one of the list that is the same
	// filesystem: ApartMount, ApartSubvolume. Equal files on both sides are no set.
	Apart    []string `json:"apart,omitempty"`
	ReadOnly bool     `json:"read_only,omitempty"` // the mount, or all of it: dedupe links nothing there

	Can    *Can    `json:"can,omitempty"`
	Host   string  `json:"host,omitempty"`
	Amount *Amount `json:"amount,omitempty"`
}

// Can is what is possible on a filesystem, and which guards hold there. It goes
// by the type; nothing is tried out.
type Can struct {
	HardLinks bool  `json:"hard_links"`
	LinkLimit int64 `json:"link_limit,omitempty"` // names that an inode may have; 0: no limit that is known
	Reflinks  bool  `json:"reflinks"`
	// Leases: programs that have a file open for writing are seen, so that it is
	// left alone; elsewhere each pair is compared byte for byte instead.
	Leases   bool `json:"leases"`
	Mappings bool `json:"mappings"` // those that have closed it and keep it mapped are seen, too
	Exchange bool `json:"exchange"` // names are exchanged in one step; elsewhere by link and rename
}

// Amount is what a root or a filesystem holds of what the run looked at. With
// links means that each inode counts once (within this root or filesystem),
// without that each name does. Blocks are the apparent size of each rounded up
// to 4 KiB: what a copy without holes takes on most filesystems.
type Amount struct {
	Names                 int64 `json:"names"`
	Inodes                int64 `json:"inodes"`
	Directories           int64 `json:"directories"`
	BytesApparent         int64 `json:"bytes_apparent"`
	BytesAllocated        int64 `json:"bytes_allocated"`
	BytesWithoutLinks     int64 `json:"bytes_without_links"` // apparent
	AllocatedWithoutLinks int64 `json:"allocated_without_links"`
	Blocks                int64 `json:"blocks_bytes"`
	BlocksWithoutLinks    int64 `json:"blocks_without_links_bytes"`
}

// Summary holds the sums of a run. Sizes are bytes.
type Summary struct {
	Files            int64            `json:"files"` // names
	Inodes           int64            `json:"inodes"`
	Directories      int64            `json:"directories"`
	BytesApparent    int64            `json:"bytes_apparent"`
	BytesAllocated   int64            `json:"bytes_allocated"`
	Candidates       int64            `json:"candidates"` // inodes
	Sets             int64            `json:"sets"`
	DuplicateInodes  int64            `json:"duplicate_inodes"`
	RedundantBytes   int64            `json:"redundant_bytes"`
	ReclaimableBytes int64            `json:"reclaimable_bytes"`
	HeldBack         map[string]int64 `json:"held_back"` // by rule of --match; by several, "group,mode", what no part of them would free
	Linked           int64            `json:"linked"`    // names
	FreedBytes       int64            `json:"freed_bytes"`
	Skipped          int64            `json:"skipped"` // paths left out by design
	Failed           int64            `json:"failed"`  // paths left out because something went wrong
	BytesRead        int64            `json:"bytes_read"`
	Seconds          Seconds          `json:"seconds"`

	LeftFiles         int64            `json:"left_files,omitempty"`           // candidates that a stopped run did not read to the end
	SavedByLinksBytes int64            `json:"saved_by_links_bytes,omitempty"` // what existing hard links save already
	Replacements      int64            `json:"replacements,omitempty"`         // names the plan replaces
	Unreached         int64            `json:"unreached,omitempty"`            // names of them that a stopped run did not come to
	SkippedReasons    map[string]int64 `json:"skipped_reasons,omitempty"`      // paths by reason
	FailedReasons     map[string]int64 `json:"failed_reasons,omitempty"`

	HeldBackSets map[string]int64 `json:"held_back_sets,omitempty"` // sets that give more without the rule, or without those several

	Limited map[string]int64 `json:"limited,omitempty"` // inodes that stay for a limit of the filesystem, by reason

	PinnedInodes int64 `json:"pinned_inodes,omitempty"` // would be linked, but have names outside the given paths
	PinnedBytes  int64 `json:"pinned_bytes,omitempty"`  // allocated, what those keep from becoming free

	Whole     *Amount          `json:"whole,omitempty"`      // all roots as one: an inode under two of them counts once
	LinksOver map[string]int64 `json:"links_over,omitempty"` // further inodes needed where no inode may have more names than this
	MaxLinks  int64            `json:"max_links,omitempty"`  // names of the inode that has most
	Unfit     map[string]Unfit `json:"unfit,omitempty"`      // names that some targets cannot hold, by UnfitWindows…
}

// Unfit counts names that cannot be on some filesystems.
type Unfit struct {
	Names    int64  `json:"names"`
	Examples []Path `json:"examples"`
}

// Seconds is the time of each phase.
type Seconds struct {
	Scan float64 `json:"scan"`
	Hash float64 `json:"hash"`
	Link float64 `json:"link"`
}

// Set is two or more inodes with equal content that could be joined. Device is
// that of the keeper; the others can be elsewhere where links reach farther than
// hard ones.
type Set struct {
	Size             int64   `json:"size"`
	Digest           string  `json:"digest,omitempty"` // "blake3:" + 64 hex digits; "" when nobody asked for it
	Device           uint64  `json:"device"`
	ReclaimableBytes int64   `json:"reclaimable_bytes"`
	Keeper           uint64  `json:"keeper"`         // inode number
	Link             string  `json:"link,omitempty"` // how its files are joined, in the words of --link; "" is "hard"
	Host             string  `json:"host,omitempty"`
	Inodes           []Inode `json:"inodes"`
}

// Inode is one inode of a set with the names that the scan met.
type Inode struct {
	Inode     uint64 `json:"inode"`
	Device    uint64 `json:"device,omitempty"` // when it is not the set's
	Links     uint32 `json:"links"`
	Allocated int64  `json:"allocated"`
	UID       uint32 `json:"uid"`
	GID       uint32 `json:"gid"`
	Mode      Mode   `json:"mode"`
	Mtime     Time   `json:"mtime"`
	Ctime     Time   `json:"ctime"`
	Paths     []Path `json:"paths"`
	Action    string `json:"action,omitempty"` // ActionKeep, ActionLink or ActionHold
	Reason    string `json:"reason,omitempty"` // why it is held, is a further keeper, frees nothing or was not wholly linked

	To       uint64 `json:"to,omitempty"`        // inode it is linked to, when that is not the set's keeper
	ToDevice uint64 `json:"to_device,omitempty"` // of To, when it is not the set's

	// SharedBytes are, for a reflink, those in blocks that others use already:
	// files, snapshots.
	SharedBytes int64 `json:"shared_bytes,omitempty"`

	// NamesOutside is how many names the scan did not meet; OutsidePaths are
	// those of them that --find-outside found.
	NamesOutside int    `json:"names_outside,omitempty"`
	OutsidePaths []Path `json:"outside_paths,omitempty"`
}

// What a plan does with an inode, for Inode.Action.
const (
	ActionKeep = "keep"
	ActionLink = "link"
	ActionHold = "hold"
)

// ID returns what identifies an inode of the set.
func (s *Set) ID(i *Inode) scan.ID { return scan.ID{Dev: cmp.Or(i.Device, s.Device), Ino: i.Inode} }

func (s *Set) keeper() scan.ID { return scan.ID{Dev: s.Device, Ino: s.Keeper} }

// KeeperID returns the inode that another one of the set goes to.
func (s *Set) KeeperID(i *Inode) scan.ID {
	if i.To == 0 {
		return s.keeper()
	}
	return scan.ID{Dev: cmp.Or(i.ToDevice, s.Device), Ino: i.To}
}

// Outside returns how many names the inode has that the scan did not meet.
func (i *Inode) Outside() int { return max(0, int(i.Links)-len(i.Paths)) }

// Skipped is a path that was left out.
type Skipped struct {
	Path
	Reason string `json:"reason"`
	Host   string `json:"host,omitempty"`
	Error  string `json:"error,omitempty"` // the system's words; "" when it was left out by design
}
