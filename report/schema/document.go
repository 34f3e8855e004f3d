package schema

// Number is that of the JSON schema: a file with another one is refused. Within a number
// fields are only ever added.
const Number = 1

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

// LinkMixed is the Run.Link of several scans that asked for different links: each set
// then tells its own.
const LinkMixed = "mixed"

// Base returns the directory where relative paths begin, "" if it is not known.
func (r *Run) Base() string {
	if r.Directory == nil {
		return ""
	}
	return r.Directory.Raw()
}

// What a run did, for Run.Action.
const (
	ActionScan   = "scan"
	ActionPlan   = "plan" // dedupe --dry-run
	ActionDedupe = "dedupe"
)

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

// Seconds is the time of each phase.
type Seconds struct {
	Scan float64 `json:"scan"`
	Hash float64 `json:"hash"`
	Link float64 `json:"link"`
}

// Skipped is a path that was left out.
type Skipped struct {
	Path
	Reason string `json:"reason"`
	Host   string `json:"host,omitempty"`
	Error  string `json:"error,omitempty"` // the system's words; "" when it was left out by design
}

// ExamplesPerReason is how many paths a source keeps of each reason when nobody
// wants them all: what the text report shows with -v.
const ExamplesPerReason = 5

// Sum adds up counts, as those by reason.
func Sum(by map[string]int64) (sum int64) {
	for _, n := range by {
		sum += n
	}
	return sum
}

// AtHost is a path as people write it where there are several hosts.
func AtHost(host, path string) string {
	if host == "" {
		return path
	}
	return host + ":" + path
}
