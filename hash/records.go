package hash

import (
	"cmp"
	"runtime"
	"slices"

	"github.com/oneinode/oneinode/scan"
)

// records are members with the digests of what was read of them, side by side,
// so that the members of a set end up next to each other in a slice that the
// set can share: 44 bytes a candidate while they are sorted, 12 a member
// afterwards. Absent members are no longer wanted, see discard.
type records struct {
	tree    inodes
	groups  []uint32
	members []Member
	digests digests
}

// newRecords returns empty records for the candidates of a tree, in the order
// in which they are to be read.
func newRecords(tree inodes, groups []uint32) *records {
	members := candidates(tree, groups)
	return &records{tree, groups, members, newDigests(len(members))}
}

// at returns record i.
func (r *records) at(i int) (*Member, *Digest) { return &r.members[i], r.digests.at(i) }

func (r *records) ino(i int) uint64 { return r.tree.Ino(r.members[i].Name) }

// span is a range of records.
type span struct{ lo, hi int }

func (s span) len() int { return s.hi - s.lo }

// discard marks a member as left out, as it is before it was read.
func discard(m *Member) { m.state = absent }

func discarded(m *Member) bool { return m.state == absent }

// prune moves the discarded records out of sight, keeping the order.
func (r *records) prune() {
	kept := 0
	for i := range r.members {
		if !discarded(&r.members[i]) {
			r.move(kept, i)
			kept++
		}
	}
	r.cut(kept)
}

func (r *records) move(to, from int) {
	if to != from {
		r.members[to], *r.digests.at(to) = r.members[from], *r.digests.at(from)
	}
}

func (r *records) cut(n int) {
	r.members = r.members[:n]
	r.digests.cut(n)
}

func (r *records) group(n scan.Name) uint32 { return r.groups[r.tree.Domain(n)] }

// byInode orders names by the place of their inodes on disk.
func byInode(t inodes, a, b scan.Name) int {
	return cmp.Or(cmp.Compare(t.Domain(a), t.Domain(b)), cmp.Compare(t.Ino(a), t.Ino(b)))
}

// together reports whether two records may hold equal content.
func (r *records) together(i, j int) bool {
	a, b := r.members[i].Name, r.members[j].Name
	return *r.digests.at(i) == *r.digests.at(j) && r.tree.Size(a) == r.tree.Size(b) && r.group(a) == r.group(b)
}

// gather drops the records that stand alone, tells alone of each, and returns the spans of the
// others, each two or more that are equal so far. What was discarded before is dropped untold.
func (r *records) gather(alone func(*Member)) (spans []span) {
	r.discardLoners(alone)
	was := len(r.members)
	r.prune()
	if was-len(r.members) >= worthShrinking {
		runtime.GC() // the digests that are gone make room for spans and sets
	}
	r.sort()
	kept := 0
	for lo, hi := 0, 0; lo < len(r.members); lo = hi {
		if hi = r.endOf(lo); hi-lo == 1 {
			alone(&r.members[lo])
			continue
		}
		spans = append(spans, span{kept, kept + hi - lo})
		for i := lo; i < hi; i++ {
			r.move(kept, i)
			kept++
		}
	}
	r.cut(kept)
	return spans
}

// endOf is where those that are equal to a sorted record end.
func (r *records) endOf(lo int) int {
	hi := lo + 1
	for hi < len(r.members) && r.together(lo, hi) {
		hi++
	}
	return hi
}

// unheard is for a gather that nobody counts.
func unheard(*Member) {}

// shrink drops the digests and gives back the memory of records that are gone. Where many
// are left it asks for a collection since nothing else would: this package makes so little
// garbage that the digests, the largest thing there is, would stay until the stages to
// come have filled as much again.
func (r *records) shrink() {
	r.digests = digests{}
	if cap(r.members) < worthShrinking {
		return
	}
	if len(r.members) >= worthShrinking {
		runtime.GC()
	}
	if len(r.members) < cap(r.members)/4*3 {
		r.members = slices.Clone(r.members)
	}
}

// worthShrinking is a number of records that weigh a few megabytes.
const worthShrinking = 1 << 15

// digests is a list of digests in pages, so that a list which has become shorter
// gives its memory back without a copy.
type digests struct{ pages []*[digestPage]Digest }

// digestPage is 64 KiB of digests.
const digestPage = 2048

func newDigests(n int) digests {
	pages := make([]*[digestPage]Digest, (n+digestPage-1)/digestPage)
	for i := range pages {
		pages[i] = new([digestPage]Digest)
	}
	return digests{pages}
}

func (d *digests) at(i int) *Digest { return &d.pages[i/digestPage][i%digestPage] }

// cut leaves the first n.
func (d *digests) cut(n int) {
	kept := (n + digestPage - 1) / digestPage
	clear(d.pages[kept:])
	d.pages = d.pages[:kept]
}
