package live

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// Facts are what the stages do not know about a run: the caller fills them in.
type Facts struct {
	Tool    schema.Tool
	Run     schema.Run
	Seconds schema.Seconds
	// Measure adds the totals of roots, filesystems and directories, for the views
	// of a saved scan; it costs a pass over all names.
	Measure bool
	Outside map[scan.ID][]string // absolute paths outside the given ones, by inode
	Left    int64                // candidates that were not decided
}

// Source is the schema.Source of a run that has just been made.
type Source struct {
	plan   *decide.Plan
	facts  Facts
	ledger *Ledger

	measured *measured // once asked for
}

// New joins a plan (over its scan and search) with what the ledger noted
// before, during and after it.
func New(plan *decide.Plan, facts Facts, ledger *Ledger) *Source {
	return &Source{plan: plan, facts: facts, ledger: ledger}
}

// Document sums the run.
func (src *Source) Document() schema.Document {
	res := src.plan.Result()
	d := schema.Document{Schema: schema.Number, Tool: src.facts.Tool, Run: src.facts.Run, Filesystems: []schema.Filesystem{}}
	d.Run.Roots, d.Run.FoundOutside = schema.RootsOf(res.Tree.Roots(), nil), src.facts.Outside != nil
	for _, fs := range res.Tree.Filesystems() {
		d.Filesystems = append(d.Filesystems, schema.Filesystem{Device: fs.Dev, Mount: schema.NewPath(fs.Point).Text, Type: fs.Type, ReadOnly: fs.ReadOnly, Can: canOf(&fs)})
	}
	d.NoteBorders()
	d.Summary = summarize(res, src.plan.Totals())
	if m := src.ofTree(); m != nil {
		m.addTo(&d, res.Tree.Roots())
	}
	d.Summary.Seconds = src.facts.Seconds
	src.ledger.sum(&d.Summary)
	if d.Run.Action == schema.ActionDedupe {
		d.Summary.Unreached = src.ledger.unreached(d.Summary.Replacements)
	}
	d.Summary.LeftFiles = src.facts.Left
	return d
}

// exchanging are the types that exchange names. Where that is not known a run tries, and
// goes the other way if they do not.
var exchanging = []string{"ext4", "ext3", "xfs", "btrfs", "tmpfs", "f2fs", "ubifs", "bcachefs", "overlay"}

// canOf goes by what type and superblock tell: nothing is tried out, so that a scan changes
// nothing. A run finds out by itself, and does without what turns out to be missing.
func canOf(fs *scan.Filesystem) *schema.Can {
	leases := fs.Type != "" && fs.SeesWriters()
	return &schema.Can{
		HardLinks: !decide.WithoutLinks(fs), LinkLimit: int64(decide.LinkLimit(fs.Type)), Reflinks: fs.Reflinks,
		Leases: leases, Mappings: leases && fs.Type != "overlay", Exchange: slices.Contains(exchanging, fs.Type),
	}
}

// ofTree is what the tree can tell, nil if that is not wanted.
func (src *Source) ofTree() *measured {
	if src.measured == nil && src.facts.Measure {
		src.measured = measure(src.plan)
	}
	return src.measured
}

// Directories yields the sizes of directories that hold duplicates, if measured.
func (src *Source) Directories() iter.Seq[schema.Directory] {
	var list []schema.Directory
	if m := src.ofTree(); m != nil {
		list = m.directories
	}
	return slices.Values(list)
}

func summarize(res *hash.Result, plan decide.PlanTotals) schema.Summary {
	t := res.Tree.Whole()
	s := schema.Summary{
		Files: t.Names, Inodes: t.Inodes, Directories: t.Directories,
		BytesApparent: t.Apparent, BytesAllocated: t.Allocated, SavedByLinksBytes: res.Tree.SavedByLinks(),
		Candidates: res.Candidates, BytesRead: res.BytesRead,
		Sets: plan.Sets, DuplicateInodes: plan.DuplicateInodes, RedundantBytes: plan.Redundant,
		ReclaimableBytes: plan.Reclaimable, Replacements: plan.Replacements,
		PinnedInodes: plan.PinnedInodes, PinnedBytes: plan.Pinned,
		Limited: plan.Limited, HeldBack: map[string]int64{}, HeldBackSets: map[string]int64{},
	}
	for _, h := range plan.Held {
		s.HeldBack[h.Rule] = h.Bytes
		s.HeldBackSets[h.Rule] = h.Sets
	}
	return s
}

// Skipped yields what the ledger kept.
func (src *Source) Skipped() iter.Seq[schema.Skipped] { return slices.Values(src.ledger.sorted()) }

// Sets makes one set after the other; it never fails.
func (src *Source) Sets() iter.Seq2[schema.Set, error] {
	return func(yield func(schema.Set, error) bool) {
		for set := range decide.MapSets(src.plan, src.set) {
			if !yield(set, nil) {
				return
			}
		}
	}
}

func (src *Source) set(sp *decide.SetPlan) schema.Set {
	tree := src.plan.Result().Tree
	s := schema.Set{
		Size: sp.Set.Size, Digest: digest(sp.Set.Digest), ReclaimableBytes: sp.Reclaimable,
		Inodes: make([]schema.Inode, 0, len(sp.Inodes)),
	}
	if sp.Link != decide.LinkHard {
		s.Link = sp.Link.String()
	}
	idOf := func(i int) scan.ID { return tree.ID(sp.Inodes[i].Name) }
	for i := range sp.Inodes {
		inode := src.inode(sp, i)
		inode.Device = idOf(i).Dev
		if ip := &sp.Inodes[i]; ip.Action == decide.ActLink {
			inode.To, inode.ToDevice = idOf(ip.To).Ino, idOf(ip.To).Dev
		}
		s.Inodes = append(s.Inodes, inode)
	}
	s.Appoint(idOf(max(0, slices.IndexFunc(sp.Inodes, isKeeper))))
	// Workers finish in no particular order; the same tree is to give the same text.
	slices.SortFunc(s.Inodes, func(a, b schema.Inode) int { return strings.Compare(a.Paths[0].Raw(), b.Paths[0].Raw()) })
	return s
}

func isKeeper(ip decide.InodePlan) bool { return ip.Action == decide.ActKeep }

func (src *Source) inode(sp *decide.SetPlan, i int) schema.Inode {
	ip := &sp.Inodes[i]
	res := src.plan.Result()
	a := res.Attrs(ip.Member)
	out := schema.Inode{
		Inode: res.Tree.Ino(ip.Name), Links: ip.Links, Allocated: ip.Allocated,
		UID: a.UID, GID: a.GID, Mode: schema.ModeOf(a.Mode), Mtime: schema.Time(ip.Mtime), Ctime: schema.Time(ip.Ctime),
		Action: actionWord(ip.Action), Reason: src.reason(ip),
		Paths: make([]schema.Path, 0, len(ip.Names)), NamesOutside: int(ip.Outside),
		SharedBytes: ip.Layout.Shared,
	}
	for _, p := range src.facts.Outside[res.Tree.ID(ip.Name)] {
		out.OutsidePaths = append(out.OutsidePaths, schema.NewPath(p))
	}
	for _, n := range ip.Names {
		out.Paths = append(out.Paths, schema.NewPath(res.Tree.Path(n)))
	}
	return out
}

// reason tells first what went otherwise than planned, then what was planned.
func (src *Source) reason(ip *decide.InodePlan) string {
	missed, first := 0, ""
	for _, n := range ip.Replace {
		if r := src.ledger.reason(n); r != "" {
			missed++
			first = cmp.Or(first, r)
		}
	}
	switch {
	case missed == 0:
		return ip.Reason
	case missed == len(ip.Replace):
		return first
	}
	return fmt.Sprintf("%d of %d names not linked: %s", missed, len(ip.Replace), first)
}

func actionWord(a decide.Action) string {
	switch a {
	case decide.ActLink:
		return schema.ActionLink
	case decide.ActHold:
		return schema.ActionHold
	}
	return schema.ActionKeep
}

// digest writes a digest as in the schema, "" for one that was not asked for.
func digest(d hash.Digest) string {
	if d == (hash.Digest{}) {
		return ""
	}
	return d.String()
}
