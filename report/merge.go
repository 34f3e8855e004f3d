package report

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/scan"
)

// LinkMixed is the Run.Link of several scans that asked for different links: each set
// then tells its own.
const LinkMixed = "mixed"

// ErrMixed says that scans would join the same files in different ways.
var ErrMixed = errors.New("are to be joined by different links (--link) in several of these scans")

// Merge makes one source of several saved scans, of several disks or hosts. A
// single one stays as it is. Paths are made absolute, since each scan began
// somewhere else. Sets of equal content become one only where links between
// them could be: on one device of one host. An inode that several scans met
// counts once among the sets, and in what is counted by them; the other sums of the
// summary are added up.
func Merge(sources []Source) (Source, error) {
	if len(sources) == 1 {
		return sources[0], nil
	}
	m := &merger{sets: map[setKey]*Set{}, recount: map[*Set]bool{}, given: map[spot]bool{}, above: map[spot]bool{}}
	m.hosts = len(hostsOf(sources)) > 1
	for i, src := range sources {
		if err := m.add(i, src); err != nil {
			return nil, err
		}
	}
	m.finish()
	return &m.out, nil
}

func hostsOf(sources []Source) map[string]bool {
	hosts := map[string]bool{}
	for _, src := range sources {
		hosts[src.Document().Run.Host] = true
	}
	return hosts
}

// setKey tells which sets of several scans are one.
type setKey struct {
	host         string
	device       uint64
	size         int64
	digest       string
	number, scan int // for sets without a digest: they stay apart
}

type merger struct {
	out   Saved
	hosts bool // several: paths show theirs
	sets  map[setKey]*Set
	base  string
	host  string

	given, above map[spot]bool // PATHs of the scans so far; those and all directories above them

	// recount has the sets with an inode that several scans met. Of others the scans know
	// better: how much a link takes, or compressed bytes.
	recount map[*Set]bool

	limits []string // reasons by which some scan counted files that stay
}

func (m *merger) add(number int, src Source) error {
	d := src.Document()
	m.host, m.base = d.Run.Host, ""
	if d.Run.Directory != nil {
		m.base = d.Run.Directory.Raw()
	}
	m.document(&d, number == 0)
	i := 0
	for s, err := range src.Sets() {
		if err != nil {
			return err
		}
		i++
		if err := m.set(&s, setKey{host: m.host, device: s.Device, size: s.Size, digest: s.Digest, number: i, scan: number}); err != nil {
			return err
		}
	}
	for s := range src.Skipped() {
		s.Path, s.Host = m.path(s.Path), m.shown(s.Host)
		m.out.skipped = append(m.out.skipped, s)
	}
	for dir := range directories(src) {
		dir.Path, dir.Host = m.path(dir.Path), m.shown(dir.Host)
		m.out.directories = append(m.out.directories, dir)
	}
	return nil
}

// shown is the host that a part of the merged report names: none when all are
// of one.
func (m *merger) shown(own string) string {
	if own != "" || !m.hosts {
		return own
	}
	return m.host
}

func (m *merger) path(p Path) Path {
	raw := p.Raw()
	switch {
	case strings.HasPrefix(raw, "/"):
		return NewPath(tidy(raw))
	case m.base == "":
		return p
	}
	return NewPath(tidy(strings.TrimSuffix(m.base, "/") + "/" + raw))
}

// tidy takes out of a path what leads nowhere. What ".." leads to only the kernel knows:
// the directory before it may be a symbolic link.
func tidy(name string) string {
	if slices.Contains(strings.Split(name, "/"), "..") {
		return name
	}
	return path.Clean(name)
}

// document adds a scan's facts as a whole.
func (m *merger) document(d *Document, first bool) {
	to := &m.out.doc
	if first {
		*to = Document{Schema: Schema, Tool: d.Tool, Run: d.Run, Filesystems: []Filesystem{}}
		to.Run.Roots, to.Run.Directory = []Root{}, nil
		to.Summary.HeldBack = map[string]int64{}
	} else {
		m.run(&to.Run, &d.Run)
	}
	m.roots(&to.Run, d.Run.Roots)
	for _, f := range d.Filesystems {
		f.Host = m.shown(f.Host)
		if !slices.ContainsFunc(to.Filesystems, func(o Filesystem) bool {
			return o.Device == f.Device && o.Mount == f.Mount && o.Host == f.Host
		}) {
			to.Filesystems = append(to.Filesystems, f)
		}
	}
	to.Summary.addUp(&d.Summary)
	to.Summary.Unfit = m.addUnfit(to.Summary.Unfit, d.Summary.Unfit)
	m.limits = slices.AppendSeq(m.limits, maps.Keys(d.Summary.Limited))
}

// roots adds the PATHs of a scan, and notes whether they overlap with those of others:
// within a scan they count once.
func (m *merger) roots(to *Run, roots []Root) {
	begin := len(to.Roots)
	for _, r := range roots {
		r.Path, r.Host = m.path(r.Path), m.shown(r.Host)
		to.Roots = append(to.Roots, r)
		to.Overlap = to.Overlap || m.meets(&r)
	}
	for i := range to.Roots[begin:] {
		m.remember(&to.Roots[begin+i])
	}
}

// spot is a path on a host.
type spot struct{ host, path string }

// meets reports whether a PATH holds one of another scan, or lies in one.
func (m *merger) meets(r *Root) bool {
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

func (m *merger) remember(r *Root) {
	m.given[spot{r.Host, path.Clean(r.Raw())}] = true
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
func (m *merger) run(to, r *Run) {
	if to.Host != r.Host {
		to.Host = joinNew(to.Host, r.Host)
	}
	to.ID, to.Command = joinNew(to.ID, r.ID), to.Command+"; "+r.Command
	to.Started, to.Finished = min(to.Started, r.Started), max(to.Finished, r.Finished)
	to.Resumes = to.Resumes && r.Resumes
	to.Overlap = to.Overlap || r.Overlap
	to.Complete, to.FoundOutside = to.Complete && r.Complete, to.FoundOutside && r.FoundOutside
	if to.Action != r.Action {
		to.Action = ActionScan
	}
	if to.Link != r.Link {
		to.Link = LinkMixed
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
func (s *Summary) addUp(o *Summary) {
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

func addAmounts(a, b *Amount) *Amount {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return &Amount{
		Names: a.Names + b.Names, Inodes: a.Inodes + b.Inodes, Directories: a.Directories + b.Directories,
		BytesApparent: scan.AddSizes(a.BytesApparent, b.BytesApparent), BytesAllocated: a.BytesAllocated + b.BytesAllocated,
		BytesWithoutLinks:     scan.AddSizes(a.BytesWithoutLinks, b.BytesWithoutLinks),
		AllocatedWithoutLinks: a.AllocatedWithoutLinks + b.AllocatedWithoutLinks,
		Blocks:                scan.AddSizes(a.Blocks, b.Blocks), BlocksWithoutLinks: scan.AddSizes(a.BlocksWithoutLinks, b.BlocksWithoutLinks),
	}
}

func (m *merger) addUnfit(to, from map[string]Unfit) map[string]Unfit {
	if len(from) == 0 {
		return to
	}
	out := maps.Clone(to)
	if out == nil {
		out = map[string]Unfit{}
	}
	for k, u := range from {
		examples := slices.Clone(out[k].Examples)
		for _, p := range u.Examples {
			examples = addExample(examples, m.path(p))
		}
		out[k] = Unfit{Names: out[k].Names + u.Names, Examples: examples}
	}
	return out
}

// set adds a set to the one that it is a part of.
func (m *merger) set(s *Set, key setKey) error {
	if key.digest != "" {
		key.number, key.scan = 0, 0
	}
	s.Host = m.shown(s.Host)
	key.host = cmp.Or(s.Host, key.host)
	for i := range s.Inodes {
		m.absolute(&s.Inodes[i])
	}
	known := m.sets[key]
	if known == nil {
		m.sets[key] = s
		return nil
	}
	if known.Link != s.Link {
		return fmt.Errorf("%s and its equals %w", Quote(s.Inodes[0].Paths[0].Raw()), ErrMixed)
	}
	for i := range s.Inodes {
		in := &s.Inodes[i]
		if in.Action == ActionLink && in.To == 0 {
			in.To = s.Keeper // which need not be that of the set it joins
		}
		if known.join(in) {
			m.recount[known] = true
		}
	}
	known.ReclaimableBytes += s.ReclaimableBytes
	return nil
}

func (m *merger) absolute(in *Inode) {
	for i := range in.Paths {
		in.Paths[i] = m.path(in.Paths[i])
	}
}

// join adds an inode of another scan, and reports whether it was known. Names that both
// met count once; the later look at an inode is the one that holds.
func (s *Set) join(in *Inode) bool {
	at := slices.IndexFunc(s.Inodes, func(o Inode) bool { return s.ID(&o) == s.ID(in) })
	if at < 0 {
		s.Inodes = append(s.Inodes, *in)
		return false
	}
	known := &s.Inodes[at]
	for _, n := range in.Paths {
		if !slices.ContainsFunc(known.Paths, n.isSpelt) {
			known.Paths = append(known.Paths, n)
		}
	}
	if in.Ctime > known.Ctime {
		in.Paths, in.Action, in.To, in.ToDevice = known.Paths, known.Action, known.To, known.ToDevice
		*known = *in
	}
	known.NamesOutside = known.Outside()
	if known.NamesOutside == 0 && known.isPinned() {
		known.Reason = ""
	}
	return true
}

// isSpelt reports whether two names of one inode are one, spelt differently, perhaps.
func (p Path) isSpelt(o Path) bool {
	return p.Raw() == o.Raw() || path.Clean(p.Raw()) == path.Clean(o.Raw())
}

// settle has each inode go to one that stays: what one scan keeps another one may have
// linked, and what one holds another may have kept. No way leads back to where it began,
// since an inode goes the way of the first scan that met it.
func (s *Set) settle() {
	at := make(map[ID]*Inode, len(s.Inodes))
	for i := range s.Inodes {
		at[s.ID(&s.Inodes[i])] = &s.Inodes[i]
	}
	for i := range s.Inodes {
		if in := &s.Inodes[i]; in.Action == ActionLink {
			s.aim(in, at)
		}
	}
}

func (s *Set) aim(in *Inode, at map[ID]*Inode) {
	to := at[s.KeeperID(in)]
	for steps := len(at); steps > 0 && to != nil && to.Action == ActionLink; steps-- { // a file may say anything
		to = at[s.KeeperID(to)]
	}
	if to == nil || to.Action == ActionLink {
		return
	}
	if to.Action == ActionHold {
		to.Action, to.Reason = ActionKeep, ""
	}
	if in.To, in.ToDevice = to.Inode, to.Device; s.ID(to) == (ID{s.Device, s.Keeper}) {
		in.To, in.ToDevice = 0, 0
	}
}

// finish counts what is only known now, and puts everything in order.
func (m *merger) finish() {
	m.out.doc.noteBorders()
	sum := &m.out.doc.Summary
	for _, s := range m.sets {
		s.settle()
	}
	m.dropStale()
	for _, s := range m.sets {
		if m.recount[s] {
			s.ReclaimableBytes = s.frees()
		}
		for i := range s.Inodes {
			sum.pin(&s.Inodes[i])
			m.limit(&s.Inodes[i])
		}
		sum.Sets++
		sum.DuplicateInodes += int64(len(s.Inodes) - 1)
		sum.Replacements += replacements(s)
		sum.RedundantBytes += redundant(s)
		sum.ReclaimableBytes += s.ReclaimableBytes
		m.out.sets = append(m.out.sets, *s)
	}
	slices.SortFunc(m.out.sets, compareSets)
	slices.SortFunc(m.out.skipped, func(a, b Skipped) int {
		return cmp.Or(strings.Compare(a.Raw(), b.Raw()), strings.Compare(a.Host, b.Host), strings.Compare(a.Reason, b.Reason))
	})
}

// limit counts an inode that stays for a limit of the filesystem.
func (m *merger) limit(in *Inode) {
	if in.Action != ActionLink && slices.Contains(m.limits, in.Reason) {
		addCounts(&m.out.doc.Summary.Limited, map[string]int64{in.Reason: 1})
	}
}

func (s *Set) frees() (sum int64) {
	for i := range s.Inodes {
		sum += s.Frees(&s.Inodes[i])
	}
	return sum
}

// replacements counts the names of a set that are to be replaced. Of a reflink that is
// the file, whatever it is called.
func replacements(s *Set) (n int64) {
	for i := range s.Inodes {
		in := &s.Inodes[i]
		switch {
		case in.Action != ActionLink:
		case s.Link == dedupe.LinkReflink.String():
			n++
		default:
			n += int64(len(in.Paths))
		}
	}
	return n
}

func compareSets(a, b Set) int {
	return cmp.Or(
		cmp.Compare(b.ReclaimableBytes, a.ReclaimableBytes),
		cmp.Compare(b.Size*int64(len(b.Inodes)-1), a.Size*int64(len(a.Inodes)-1)),
		strings.Compare(a.Host, b.Host),
		strings.Compare(a.Inodes[0].Paths[0].Raw(), b.Inodes[0].Paths[0].Raw()),
	)
}
