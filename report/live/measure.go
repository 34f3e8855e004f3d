package live

import (
	"hash/maphash"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/target"
	"github.com/oneinode/oneinode/scan"
)

// measured is what only the tree can tell, for the views of a saved scan: its
// sets alone do not say how much there is beside them.
type measured struct {
	whole       *schema.Amount
	roots       []*schema.Amount
	domains     []*schema.Amount
	maxLinks    int64
	linksOver   map[string]int64
	unfit       map[string]schema.Unfit
	directories []schema.Directory
}

func measure(plan *decide.Plan) *measured {
	tree := plan.Result().Tree
	m := &measured{whole: amountOf(tree.Whole())}
	for _, a := range tree.RootAmounts() {
		m.roots = append(m.roots, amountOf(a))
	}
	for _, a := range tree.DomainAmounts() {
		m.domains = append(m.domains, amountOf(a))
	}
	m.maxLinks, m.linksOver = countLinks(tree)
	sums := sumDirectories(tree)
	m.unfit = findUnfit(tree, sums)
	m.directories = duplicateDirectories(plan, sums)
	return m
}

// addTo adds to d what was measured of it as a whole.
func (m *measured) addTo(d *schema.Document, roots []scan.Root) {
	d.Run.Roots = schema.RootsOf(roots, m.roots)
	for i := range d.Filesystems {
		d.Filesystems[i].Amount = m.domains[i]
	}
	d.Summary.Whole, d.Summary.MaxLinks = m.whole, m.maxLinks
	d.Summary.LinksOver, d.Summary.Unfit = m.linksOver, m.unfit
}

func amountOf(a scan.Amount) *schema.Amount {
	return &schema.Amount{
		Names: a.Names, Inodes: a.Inodes, Directories: a.Directories,
		BytesApparent: a.Apparent, BytesAllocated: a.Allocated,
		BytesWithoutLinks: a.ApparentNames, AllocatedWithoutLinks: a.AllocatedNames,
		Blocks: a.Blocks, BlocksWithoutLinks: a.BlocksNames,
	}
}

// countLinks finds how many names an inode has at most, and for each limit of a
// target how many inodes more it takes to hold all names.
func countLinks(tree *scan.Tree) (most int64, over map[string]int64) {
	most, over = int64(min(1, tree.Len())), map[string]int64{}
	limits := target.LinkLimits()
	for n := range tree.LinkCounts() {
		names := int64(n)
		most = max(most, names)
		for _, limit := range limits {
			if names > limit {
				over[strconv.FormatInt(limit, 10)] += (names - 1) / limit
			}
		}
	}
	return most, over
}

// dirSum is what a directory holds with all that is beneath it.
type dirSum struct{ names, bytes int64 }

// sumDirectories sums every directory that files lie in or beneath.
func sumDirectories(tree *scan.Tree) map[scan.Dir]*dirSum {
	own := map[scan.Dir]*dirSum{}
	for i := range tree.Len() {
		n := scan.Name(i)
		s := sumAt(own, tree.Dir(n))
		s.names++
		s.bytes = scan.AddSizes(s.bytes, tree.Size(n))
	}
	sums := make(map[scan.Dir]*dirSum, len(own))
	for d, s := range own {
		for at, ok := d, true; ok; at, ok = tree.Parent(at) {
			to := sumAt(sums, at)
			to.names += s.names
			to.bytes = scan.AddSizes(to.bytes, s.bytes)
		}
	}
	return sums
}

func sumAt(sums map[scan.Dir]*dirSum, d scan.Dir) *dirSum {
	s := sums[d]
	if s == nil {
		s = &dirSum{}
		sums[d] = s
	}
	return s
}

// duplicateDirectories lists those that hold names of sets, sorted by path. One that holds
// nothing but one directory is told with that: else a file at depth 10,000 would be told
// with 10,000 paths, each of that length.
func duplicateDirectories(plan *decide.Plan, sums map[scan.Dir]*dirSum) []schema.Directory {
	tree := plan.Result().Tree
	seen := map[scan.Dir]bool{}
	for sp := range plan.Sets() {
		for _, ip := range sp.Inodes {
			for _, n := range ip.Names {
				for d, ok := tree.Dir(n), true; ok && !seen[d]; d, ok = tree.Parent(d) {
					seen[d] = true
				}
			}
		}
	}
	list := make([]schema.Directory, 0, len(seen))
	wraps := wrappers(tree, seen, sums)
	for d := range seen {
		if s := sums[d]; s != nil && !wraps[d] {
			path := string(tree.AppendDirPath(nil, d))
			list = append(list, schema.Directory{Path: schema.NewPath(path), Names: s.names, Bytes: s.bytes, Above: wrapped(tree, d, wraps)})
		}
	}
	slices.SortFunc(list, func(a, b schema.Directory) int { return strings.Compare(a.Raw(), b.Raw()) })
	return list
}

// wrappers finds the directories that hold nothing but one of the others. What is above a
// PATH is not part of the scan, so PATHs are told themselves.
func wrappers(tree *scan.Tree, dirs map[scan.Dir]bool, sums map[scan.Dir]*dirSum) map[scan.Dir]bool {
	wraps := map[scan.Dir]bool{}
	for d := range dirs {
		up, ok := tree.Parent(d)
		if _, isBelow := tree.Parent(up); ok && isBelow && sums[up].names == sums[d].names {
			wraps[up] = true
		}
	}
	return wraps
}

// wrapped counts the wrappers around a directory.
func wrapped(tree *scan.Tree, d scan.Dir, wraps map[scan.Dir]bool) (n int64) {
	for up, ok := tree.Parent(d); ok && wraps[up]; up, ok = tree.Parent(up) {
		n++
	}
	return n
}

type unfitFinder struct {
	tree   *scan.Tree
	seed   maphash.Seed
	lower  []uint64 // hash of directory and folded name, for each name
	buf    []byte
	unfit  map[string]schema.Unfit
	double map[uint64]bool
}

// findUnfit looks at the names of files and of the directories above them.
func findUnfit(tree *scan.Tree, dirs map[scan.Dir]*dirSum) map[string]schema.Unfit {
	f := &unfitFinder{tree: tree, seed: maphash.MakeSeed(), unfit: map[string]schema.Unfit{}}
	entries := func(look func(scan.Dir, []byte, func() string)) {
		for d, base := range f.files() {
			look(d, base, func() string { return string(append(append(tree.AppendDirPath(nil, d), '/'), base...)) })
		}
		for d := range dirs {
			if base, ok := tree.DirBase(d); ok {
				parent, _ := tree.Parent(d)
				look(parent, base, func() string { return string(tree.AppendDirPath(nil, d)) })
			}
		}
	}
	entries(f.look)
	if f.findDoubles(); len(f.double) > 0 {
		entries(func(d scan.Dir, base []byte, path func() string) {
			if f.double[f.hash(d, base)] {
				f.note(schema.UnfitCase, path)
			}
		})
	}
	return f.unfit
}

func (f *unfitFinder) files() iter.Seq2[scan.Dir, []byte] {
	return func(yield func(scan.Dir, []byte) bool) {
		for i := range f.tree.Len() {
			if n := scan.Name(i); !yield(f.tree.Dir(n), f.tree.Base(n)) {
				return
			}
		}
	}
}

func (f *unfitFinder) look(d scan.Dir, base []byte, path func() string) {
	f.lower = append(f.lower, f.hash(d, base))
	if target.IsUnfitWindows(base) {
		f.note(schema.UnfitWindows, path)
	}
	if !utf8.Valid(base) {
		f.note(schema.UnfitUTF8, path)
	}
}

func (f *unfitFinder) note(kind string, path func() string) {
	u := f.unfit[kind]
	u.Names++
	u.AddExample(schema.NewPath(path()))
	f.unfit[kind] = u
}

func (f *unfitFinder) hash(d scan.Dir, base []byte) uint64 {
	f.buf = append(f.buf[:0], byte(d), byte(d>>8), byte(d>>16), byte(d>>24))
	f.buf = target.AppendFolded(f.buf, base)
	return maphash.Bytes(f.seed, f.buf)
}

// findDoubles finds names that are one when case does not count: sorting their
// hashes takes 8 bytes a name.
func (f *unfitFinder) findDoubles() {
	slices.Sort(f.lower)
	f.double = map[uint64]bool{}
	for i := 1; i < len(f.lower); i++ {
		if f.lower[i] == f.lower[i-1] {
			f.double[f.lower[i]] = true
		}
	}
	f.lower = nil
}
