package merge

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
)

// ErrMixed says that scans would join the same files in different ways.
var ErrMixed = errors.New("are to be joined by different links (--link) in several of these scans")

// Sources makes one source of several saved scans, of several disks or hosts. A
// single one stays as it is. Paths are made absolute, since each scan began
// somewhere else. Sets of equal content become one only where links between
// them could be: on one device of one host. An inode that several scans met
// counts once among the sets, and in what is counted by them; the other sums of the
// summary are added up.
func Sources(sources []schema.Source) (schema.Source, error) {
	if len(sources) == 1 {
		return sources[0], nil
	}
	m := newMerger()
	m.hosts = len(hostsOf(sources)) > 1
	for _, src := range sources {
		if err := m.add(src); err != nil {
			return nil, err
		}
	}
	m.finish()
	return &m.out, nil
}

func hostsOf(sources []schema.Source) map[string]bool {
	hosts := map[string]bool{}
	for _, src := range sources {
		hosts[src.Document().Run.Host] = true
	}
	return hosts
}

// setKey tells which sets of several scans are one.
type setKey struct {
	host   string
	device uint64
	size   int64
	digest string
	number int // for sets without a digest: they stay apart
}

type merger struct {
	out   schema.Loaded
	hosts bool // several: paths show theirs
	sets  map[setKey]*schema.Set
	index inodeIndex
	base  string
	host  string

	given, above map[spot]bool // PATHs of the scans so far; those and all directories above them
	refs         map[spot]bool // those of --reference

	// recount has the sets with an inode that several scans met. Of others the scans know
	// better: how much a link takes, or compressed bytes.
	recount map[*schema.Set]bool

	limits []string // reasons by which some scan counted files that stay
}

func newMerger() *merger {
	return &merger{
		sets: map[setKey]*schema.Set{}, index: inodeIndex{}, recount: map[*schema.Set]bool{},
		given: map[spot]bool{}, above: map[spot]bool{}, refs: map[spot]bool{},
	}
}

func (m *merger) add(src schema.Source) error {
	d := src.Document()
	m.host, m.base = d.Run.Host, d.Run.Base()
	m.document(&d)
	for s, err := range src.Sets() {
		if err != nil {
			return err
		}
		if err := m.set(&s); err != nil {
			return err
		}
	}
	for s := range src.Skipped() {
		s.Path, s.Host = s.In(m.base), m.shown(s.Host)
		m.out.AllSkipped = append(m.out.AllSkipped, s)
	}
	for dir := range src.Directories() {
		dir.Path, dir.Host = dir.In(m.base), m.shown(dir.Host)
		m.out.AllDirectories = append(m.out.AllDirectories, dir)
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

// finish counts what is only known now, and puts everything in order.
func (m *merger) finish() {
	m.out.Doc.NoteBorders()
	sum := &m.out.Doc.Summary
	for _, s := range m.sets {
		m.protect(s)
		settle(s)
	}
	m.dropStale()
	for _, s := range m.sets {
		if m.recount[s] {
			s.ReclaimableBytes = frees(s)
		}
		for i := range s.Inodes {
			pin(sum, &s.Inodes[i])
			m.limit(&s.Inodes[i])
		}
		sum.Sets++
		sum.DuplicateInodes += int64(len(s.Inodes) - 1)
		sum.Replacements += replacements(s)
		sum.RedundantBytes += s.Redundant()
		sum.ReclaimableBytes += s.ReclaimableBytes
		m.out.AllSets = append(m.out.AllSets, *s)
	}
	slices.SortFunc(m.out.AllSets, compareSets)
	slices.SortFunc(m.out.AllSkipped, func(a, b schema.Skipped) int {
		return cmp.Or(strings.Compare(a.Raw(), b.Raw()), strings.Compare(a.Host, b.Host), strings.Compare(a.Reason, b.Reason))
	})
}

// limit counts an inode that stays for a limit of the filesystem.
func (m *merger) limit(in *schema.Inode) {
	if in.Action != schema.ActionLink && slices.Contains(m.limits, in.Reason) {
		addCounts(&m.out.Doc.Summary.Limited, map[string]int64{in.Reason: 1})
	}
}

// pin counts an inode of a set.
func pin(s *schema.Summary, in *schema.Inode) {
	if in.IsPinned() {
		s.PinnedInodes++
		s.PinnedBytes += in.Allocated
	}
}
