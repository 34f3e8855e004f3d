package scan

import "math"

// Amount is what a part of a tree holds, in bytes but for the counts. "Names"
// fields count an inode once for each name met, the others once.
type Amount struct {
	Names, Inodes, Directories    int64
	Apparent, Allocated, Blocks   int64
	ApparentNames, AllocatedNames int64
	BlocksNames                   int64 // Blocks if every name had an inode of its own
}

// blockSize is the unit of Amount.Blocks: that of ext4, xfs and most others by
// default (mke2fs.conf, mkfs.xfs(8)).
const blockSize = 4096

func inBlocks(size int64) int64 { return AddSizes(size, blockSize-1) / blockSize * blockSize }

// inode adds one inode with so many names.
func (a *Amount) inode(size, allocated, names int64) {
	blocks := inBlocks(size)
	a.Names += names
	a.Inodes++
	a.Apparent = AddSizes(a.Apparent, size)
	a.Allocated += allocated
	a.Blocks = AddSizes(a.Blocks, blocks)
	a.ApparentNames = AddSizes(a.ApparentNames, times(size, names))
	a.AllocatedNames += allocated * names
	a.BlocksNames = AddSizes(a.BlocksNames, times(blocks, names))
}

func (a *Amount) add(b *Amount) {
	a.Names += b.Names
	a.Inodes += b.Inodes
	a.Directories += b.Directories
	a.Apparent = AddSizes(a.Apparent, b.Apparent)
	a.Allocated += b.Allocated
	a.Blocks = AddSizes(a.Blocks, b.Blocks)
	a.ApparentNames = AddSizes(a.ApparentNames, b.ApparentNames)
	a.AllocatedNames += b.AllocatedNames
	a.BlocksNames = AddSizes(a.BlocksNames, b.BlocksNames)
}

// AddSizes adds apparent sizes. Two files of holes can have more than an int64 holds:
// the sum stops there.
func AddSizes(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func times(size, n int64) int64 {
	if n > 0 && size > math.MaxInt64/n {
		return math.MaxInt64
	}
	return size * n
}

// amountKey is the finest part that amounts are kept of during a walk.
type amountKey struct {
	root   uint32
	domain Domain
}

// tally keeps one walker's amounts; neighbours mostly share a key.
type tally struct {
	parts map[amountKey]*Amount
	last  *Amount
	key   amountKey
}

func (t *tally) of(k amountKey) *Amount {
	if t.last != nil && t.key == k {
		return t.last
	}
	if t.parts == nil {
		t.parts = map[amountKey]*Amount{}
	}
	a := t.parts[k]
	if a == nil {
		a = &Amount{}
		t.parts[k] = a
	}
	t.last, t.key = a, k
	return a
}

// amounts are those of a whole tree.
type amounts struct {
	whole   Amount
	roots   []Amount
	domains []Amount
}

func newAmounts(roots, domains int) amounts {
	return amounts{roots: make([]Amount, roots), domains: make([]Amount, domains)}
}

func (a *amounts) add(b *amounts) {
	a.whole.add(&b.whole)
	for i := range b.roots {
		a.roots[i].add(&b.roots[i])
	}
	for i := range b.domains {
		a.domains[i].add(&b.domains[i])
	}
}

func (a *amounts) take(t *tally) {
	for k, part := range t.parts {
		a.whole.add(part)
		a.roots[k.root].add(part)
		a.domains[k.domain].add(part)
	}
}

// shared adds one inode that was met under several names, and perhaps under
// several roots.
func (a *amounts) shared(t *Tree, group []sharedName) {
	size, allocated := t.Size(group[0].name), t.Facts(group[0].name).Allocated
	a.whole.inode(size, allocated, int64(len(group)))
	if r, d := t.Root(group[0].name), group[0].domain; t.together(group, r, d) {
		a.roots[r].inode(size, allocated, int64(len(group)))
		a.domains[d].inode(size, allocated, int64(len(group)))
		return
	}
	roots, domains := map[int]int64{}, map[Domain]int64{}
	for _, s := range group {
		roots[t.Root(s.name)]++
		domains[s.domain]++
	}
	for r, names := range roots {
		a.roots[r].inode(size, allocated, names)
	}
	for d, names := range domains {
		a.domains[d].inode(size, allocated, names)
	}
}

// together reports whether all names are of one root and domain, as nearly always.
func (t *Tree) together(group []sharedName, root int, domain Domain) bool {
	for _, s := range group {
		if s.domain != domain || t.Root(s.name) != root {
			return false
		}
	}
	return true
}

// countOnce takes from the sums what files with one link were counted too
// often, since they are mounted over others. It comes before fold, while a mark
// still means more than one link.
func (t *Tree) countOnce(mounted []Stat) {
	if len(mounted) == 0 {
		return
	}
	met := make(map[ID]int64, len(mounted))
	for _, st := range mounted {
		met[st.ID] = 0
	}
	for i := range t.count {
		n := Name(i)
		if id := t.ID(n); t.record(n).dir&sharedBit == 0 {
			if _, ok := met[id]; ok {
				met[id]++
			}
		}
	}
	for _, st := range mounted {
		more := max(met[st.ID]-1, 0)
		met[st.ID] = 0 // once, however often it is mounted
		whole := &t.amounts.whole
		whole.Inodes -= more
		whole.Apparent -= more * st.Size
		whole.Allocated -= more * st.Allocated
		whole.Blocks -= more * inBlocks(st.Size)
	}
}

// Whole returns what the tree holds; an inode under several roots counts once.
func (t *Tree) Whole() Amount { return t.amounts.whole }

// SavedByLinks is what further copies would take if every name that shares an inode with
// another had an inode of its own: allocated bytes times (names met - 1).
func (t *Tree) SavedByLinks() int64 { return t.saved }

// RootAmounts returns what lies under each root, indexed as Roots. Nested roots
// do not hold what belongs to the inner one.
func (t *Tree) RootAmounts() []Amount { return t.amounts.roots }

// DomainAmounts returns what lies in each domain, indexed by Domain.
func (t *Tree) DomainAmounts() []Amount { return t.amounts.domains }
