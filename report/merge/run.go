package merge

import (
	"cmp"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// document adds a scan's facts as a whole.
func (m *merger) document(d *schema.Document) {
	to := &m.out.Doc
	if to.Schema == 0 { // the first one
		*to = schema.Document{Schema: schema.Number, Tool: d.Tool, Run: d.Run, Filesystems: []schema.Filesystem{}}
		to.Run.Roots, to.Run.Directory = []schema.Root{}, nil
		to.Summary.HeldBack = map[string]int64{}
	} else {
		m.run(&to.Run, &d.Run)
	}
	m.roots(&to.Run, d.Run.Roots)
	for _, f := range d.Filesystems {
		f.Host = m.shown(f.Host)
		if !slices.ContainsFunc(to.Filesystems, func(o schema.Filesystem) bool {
			return o.Device == f.Device && o.Mount == f.Mount && o.Host == f.Host
		}) {
			to.Filesystems = append(to.Filesystems, f)
		}
	}
	addUp(&to.Summary, &d.Summary)
	to.Summary.Unfit = m.addUnfit(to.Summary.Unfit, d.Summary.Unfit)
	m.limits = slices.AppendSeq(m.limits, maps.Keys(d.Summary.Limited))
}

// roots adds the PATHs of a scan, and notes whether they overlap with those of others:
// within a scan they count once.
func (m *merger) roots(to *schema.Run, roots []schema.Root) {
	begin := len(to.Roots)
	for _, r := range roots {
		r.Path, r.Host = rootIn(m.base, r.Path), m.shown(r.Host)
		to.Roots = append(to.Roots, r)
		to.Overlap = to.Overlap || m.meets(&r)
	}
	for i := range to.Roots[begin:] {
		m.remember(&to.Roots[begin+i])
	}
}

// rootIn keeps the slash of a PATH that may be a link: with it, it is followed. So may be where
// a relative one begins.
func rootIn(base string, p schema.Path) schema.Path {
	in := p.In(base)
	if _, last := scan.SplitPath(p.Raw()); last == "" || last == "." {
		return schema.NewPath(strings.TrimSuffix(in.Raw(), "/") + "/")
	}
	return in
}

// spot is a path on a host.
type spot struct{ host, path string }

// meets reports whether a PATH holds one of another scan, or lies in one.
func (m *merger) meets(r *schema.Root) bool {
	if m.above[spot{r.Host, path.Clean(r.Raw())}] {
		return true
	}
	for dir := range upwards(r.Raw()) {
		if m.given[spot{r.Host, dir}] {
			return true
		}
	}
	return false
}

func (m *merger) remember(r *schema.Root) {
	at := spot{r.Host, path.Clean(r.Raw())}
	m.given[at], m.refs[at] = true, m.refs[at] || r.Reference
	for dir := range upwards(r.Raw()) {
		m.above[spot{r.Host, dir}] = true
	}
}

// upwards goes from a path to the directories above, by their words.
func upwards(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := path.Clean(name); yield(at) && at != path.Dir(at); {
			at = path.Dir(at)
		}
	}
}

// run joins what several runs did: from the start of the first to the end of
// the last.
func (m *merger) run(to, r *schema.Run) {
	if to.Host != r.Host {
		to.Host = joinNew(to.Host, r.Host)
	}
	to.ID, to.Command = joinNew(to.ID, r.ID), to.Command+"; "+r.Command
	to.Started, to.Finished = min(to.Started, r.Started), max(to.Finished, r.Finished)
	to.Resumes = to.Resumes && r.Resumes
	to.Overlap = to.Overlap || r.Overlap
	to.Complete, to.FoundOutside = to.Complete && r.Complete, to.FoundOutside && r.FoundOutside
	if to.Action != r.Action {
		to.Action = schema.ActionScan
	}
	if to.Link != r.Link || to.Absolute != r.Absolute {
		to.Link = schema.LinkMixed
	}
	to.Match, to.MatchReflink = joinRules(to.Match, r.Match), joinRules(to.MatchReflink, r.MatchReflink)
}

// joinRules has every rule that one of two runs asked for: none at all would
// read as --match none, and let dedupe --from give up what both asked for.
func joinRules(a, b []string) []string {
	all := slices.Clone(a)
	for _, rule := range b {
		if !slices.Contains(all, rule) {
			all = append(all, rule)
		}
	}
	return all
}

func joinNew(list, word string) string {
	if slices.Contains(strings.Split(list, ", "), word) {
		return list
	}
	return list + ", " + word
}

// addUp adds another summary. What only the tree as a whole can tell, like an
// inode that lies under two roots, is lost.
func addUp(s, o *schema.Summary) {
	s.Files += o.Files
	s.Inodes += o.Inodes
	s.Directories += o.Directories
	s.BytesApparent = scan.AddSizes(s.BytesApparent, o.BytesApparent)
	s.BytesAllocated += o.BytesAllocated
	s.Candidates += o.Candidates
	s.Linked += o.Linked
	s.FreedBytes += o.FreedBytes
	s.Skipped += o.Skipped
	s.Failed += o.Failed
	s.LeftFiles += o.LeftFiles
	s.Unreached += o.Unreached
	s.BytesRead += o.BytesRead
	s.Seconds.Scan += o.Seconds.Scan
	s.Seconds.Hash += o.Seconds.Hash
	s.Seconds.Link += o.Seconds.Link
	s.SavedByLinksBytes += o.SavedByLinksBytes
	s.MaxLinks = max(s.MaxLinks, o.MaxLinks)
	addCounts(&s.HeldBack, o.HeldBack)
	addCounts(&s.HeldBackSets, o.HeldBackSets)
	addCounts(&s.SkippedReasons, o.SkippedReasons)
	addCounts(&s.FailedReasons, o.FailedReasons)
	addCounts(&s.LinksOver, o.LinksOver)
	s.Whole = addAmounts(s.Whole, o.Whole)
}

func addCounts(to *map[string]int64, from map[string]int64) {
	if *to == nil && from != nil {
		*to = map[string]int64{}
	}
	for k, n := range from {
		(*to)[k] += n
	}
}

func addAmounts(a, b *schema.Amount) *schema.Amount {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return &schema.Amount{
		Names: a.Names + b.Names, Inodes: a.Inodes + b.Inodes, Directories: a.Directories + b.Directories,
		BytesApparent: scan.AddSizes(a.BytesApparent, b.BytesApparent), BytesAllocated: a.BytesAllocated + b.BytesAllocated,
		BytesWithoutLinks:     scan.AddSizes(a.BytesWithoutLinks, b.BytesWithoutLinks),
		AllocatedWithoutLinks: a.AllocatedWithoutLinks + b.AllocatedWithoutLinks,
		Blocks:                scan.AddSizes(a.Blocks, b.Blocks), BlocksWithoutLinks: scan.AddSizes(a.BlocksWithoutLinks, b.BlocksWithoutLinks),
	}
}

func (m *merger) addUnfit(to, from map[string]schema.Unfit) map[string]schema.Unfit {
	if len(from) == 0 {
		return to
	}
	out := maps.Clone(to)
	if out == nil {
		out = map[string]schema.Unfit{}
	}
	for k, u := range from {
		sum := schema.Unfit{Names: out[k].Names + u.Names, Examples: slices.Clone(out[k].Examples)}
		for _, p := range u.Examples {
			sum.AddExample(p.In(m.base))
		}
		out[k] = sum
	}
	return out
}
