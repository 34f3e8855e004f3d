package hash

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// fakeTree is a tree without a filesystem.
type fakeTree []fakeName

type fakeName struct {
	size   int64
	ino    uint64
	domain scan.Domain
	second bool // a further name of an inode
}

func (t fakeTree) Len() int                       { return len(t) }
func (t fakeTree) First(n scan.Name) bool         { return !t[n].second }
func (t fakeTree) Size(n scan.Name) int64         { return t[n].size }
func (t fakeTree) Ino(n scan.Name) uint64         { return t[n].ino }
func (t fakeTree) Domain(n scan.Name) scan.Domain { return t[n].domain }

func TestCandidates(t *testing.T) {
	tree := fakeTree{
		{size: 5, ino: 9},
		{size: 5, ino: 3},
		{size: 5, ino: 4, domain: 1}, // alone in its domain
		{size: 6, ino: 1},            // alone with its size
		{size: 7, ino: 2},
		{size: 7, ino: 2, second: true}, // the same inode does not make two
		{size: 0, ino: 8},
		{size: 0, ino: 7},
		{size: 5, ino: 9, second: true},
	}
	own := groupNumbers(2, nil)
	joined := groupNumbers(2, func(scan.Domain) uint32 { return 77 })
	for _, c := range []struct {
		groups []uint32
		want   []scan.Name
	}{
		{own, []scan.Name{1, 7, 6, 0}},
		{joined, []scan.Name{1, 7, 6, 0, 2}},
		{[]uint32{NoGroup, NoGroup}, nil},
	} {
		var got []scan.Name
		for _, x := range candidates(tree, c.groups) {
			got = append(got, x.Name)
			if x != (Member{Name: x.Name}) {
				t.Errorf("%+v is not empty", x)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("groups %v: got %v, want %v", c.groups, got, c.want)
		}
	}
}

func TestGroupNumbers(t *testing.T) {
	group := func(d scan.Domain) uint32 { return []uint32{4e9, 7, NoGroup, 4e9, 0, NoGroup}[d] }
	if got := groupNumbers(6, group); !slices.Equal(got, []uint32{0, 1, NoGroup, 0, 2, NoGroup}) {
		t.Errorf("got %v", got)
	}
}

// FuzzGather compares the spans with a map of lists.
func FuzzGather(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint16(50*seed), uint8(1+seed))
		f.Add(seed, uint16(50*seed), uint8(255)) // most have a digest of their own
		f.Add(seed, uint16(90*fewRecords), uint8(64*seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, kinds uint8) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		k := int(kinds) + 1
		recs := &records{groups: []uint32{0, 1, 0}, digests: newDigests(int(n % (100 * fewRecords)))}
		var tree fakeTree
		want := map[string][]scan.Name{}
		for i := range int(n % (100 * fewRecords)) {
			f := fakeName{size: int64(rnd.IntN(3)), ino: rnd.Uint64(), domain: scan.Domain(rnd.IntN(3))}
			m := Member{Name: scan.Name(i), state: present}
			if rnd.IntN(8) == 0 {
				discard(&m)
			}
			var d Digest
			d[rnd.IntN(2)*31] = byte(rnd.IntN(k)) // equal but for the last byte
			tree = append(tree, f)
			recs.members = append(recs.members, m)
			*recs.digests.at(i) = d
			if !discarded(&m) {
				key := fmt.Sprint(recs.groups[f.domain], f.size, d)
				want[key] = append(want[key], m.Name)
			}
		}
		recs.tree = tree
		checkGathered(t, tree, recs, want)
	})
}

func checkGathered(t *testing.T, tree fakeTree, recs *records, want map[string][]scan.Name) {
	t.Helper()
	sets, at, alone := 0, 0, 0
	for _, sp := range recs.gather(func(*Member) { alone++ }) {
		if sp.lo != at || sp.len() < 2 {
			t.Fatalf("span %v after %d", sp, at)
		}
		at = sp.hi
		var got []scan.Name
		for _, m := range recs.members[sp.lo:sp.hi] {
			got = append(got, m.Name)
		}
		first := tree[got[0]]
		list := want[fmt.Sprint(recs.groups[first.domain], first.size, *recs.digests.at(sp.lo))]
		slices.SortFunc(list, func(a, b scan.Name) int { return byInode(tree, a, b) })
		if !slices.Equal(got, list) {
			t.Fatalf("got %v, want %v", got, list)
		}
		sets++
	}
	for _, list := range want {
		if len(list) > 1 {
			sets--
		} else {
			alone--
		}
	}
	if sets != 0 || alone != 0 || at != len(recs.members) {
		t.Fatalf("%d sets and %d loners too many, %d of %d records used", sets, alone, at, len(recs.members))
	}
}

func TestDigestPages(t *testing.T) {
	const n = 3*digestPage + 1
	d := newDigests(n)
	for i := range n {
		d.at(i)[5] = byte(i % 251)
	}
	d.cut(digestPage + 1)
	if len(d.pages) != 2 || d.pages[:4][2] != nil {
		t.Error("pages that nobody needs are kept")
	}
	for i := range digestPage + 1 {
		if d.at(i)[5] != byte(i%251) {
			t.Fatalf("digest %d is another one", i)
		}
	}
}

func TestShrinkKeepsMembers(t *testing.T) {
	const n = worthShrinking
	recs := &records{members: make([]Member, n), digests: newDigests(n)}
	recs.members[3].Name = 7
	recs.cut(4)
	recs.shrink()
	if cap(recs.members) >= n/2 || len(recs.members) != 4 || recs.members[3].Name != 7 || recs.digests.pages != nil {
		t.Errorf("%d of %d: %v", len(recs.members), cap(recs.members), recs.members)
	}
}

// FuzzSplit checks that every member goes where its label says, with its
// descriptor, in the old order, and into no range but its own.
func FuzzSplit(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 255, 0, 1})
	f.Add([]byte{})
	f.Add([]byte{255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		const parts = 4
		c := &class{size: 9}
		var labels []int
		for i, b := range raw {
			labels = append(labels, int(b)%(parts+1)-1)
			c.members = append(c.members, Member{Name: scan.Name(i)})
			c.fds = append(c.fds, 1000+i)
		}
		pieces := c.split(labels, parts)
		at := 0
		for k, piece := range pieces {
			var want []scan.Name
			for i, l := range labels {
				if l == k || (l == out && k == parts) {
					want = append(want, scan.Name(i))
				}
			}
			if len(piece.members) != len(want) || len(piece.fds) != len(want) || cap(piece.members) != len(want) {
				t.Fatalf("part %d has %d members, want %v", k, len(piece.members), want)
			}
			for i, n := range want {
				if piece.members[i].Name != n || piece.fds[i] != 1000+int(n) || c.members[at].Name != n {
					t.Fatalf("part %d: member %d is %v", k, i, piece.members[i])
				}
				at++
			}
		}
		if len(pieces) != parts+1 || at != len(raw) {
			t.Fatalf("%d parts, %d of %d members", len(pieces), at, len(raw))
		}
	})
}

func TestUnsettled(t *testing.T) {
	now := time.Unix(1000, 500e6+1)
	for _, c := range []struct {
		age  time.Duration
		want bool
	}{
		{-time.Hour, false}, // set back clock: any change shows
		{0, true}, {tick - 1, true}, {tick, false}, {time.Hour, false},
	} {
		if wait := unsettled(now.Add(-c.age).UnixNano(), now); (wait > 0) != c.want || wait > tick {
			t.Errorf("age %v: wait %v", c.age, wait)
		}
	}
	if wait := unsettled(time.Unix(1000, 0).UnixNano(), now); wait < 500*time.Millisecond || wait > coarseTick {
		t.Errorf("whole second: wait %v", wait)
	}
	if wait := unsettled(time.Unix(998, 0).UnixNano(), now); wait != 0 {
		t.Errorf("old whole second: wait %v", wait)
	}
}

func TestShareDescriptors(t *testing.T) {
	for limit := range 3000 {
		d := shareDescriptors(limit)
		if d.readers < 1 || d.batch < 1 || d.lockstep < 2 || d.readers > maxReaders || d.lockstep > maxLockstep {
			t.Fatalf("%d: %+v", limit, d)
		}
		if limit < 128 {
			continue
		}
		if d.readers*(readerDescriptors+d.batch) > limit || d.lockstep+lockstepWorkers*readerDescriptors > limit {
			t.Fatalf("%d: %+v is too much", limit, d)
		}
	}
}

func TestDigestXattrs(t *testing.T) {
	lists := [][]xattr{
		nil,
		{{"user.a", []byte("b")}},
		{{"user.b", []byte("b")}},
		{{"user.a", nil}},
		{{"user.ab", nil}},
		{{"user.a", []byte("b")}, {"user.c", nil}},
		{{"user.a", []byte("bc")}, {"user.c", nil}},
		// What would look like the two above if one length were left out, or were another.
		{{"user.a", []byte("b\x06\x00\x00\x00\x00\x00\x00\x00user.c")}},
		{{"user.a", []byte("b\x06\x00\x00\x00\x00\x00\x00\x00user.c\x06\x00\x00\x00\x00\x00\x00\x00")}},
		{{"user.a\x01\x00\x00\x00\x00\x00\x00\x00buser.c", nil}},
		{{"user.a\x01\x00\x00\x00\x00\x00\x00\x00b\x01\x00\x00\x00\x00\x00\x00\x00user.c", nil}},
	}
	seen := map[[16]byte]int{}
	for i, l := range lists {
		d := digestXattrs(l)
		if j, ok := seen[d]; ok {
			t.Errorf("lists %d and %d look the same", i, j)
		}
		if (d == [16]byte{}) != (len(l) == 0) {
			t.Errorf("list %d: %x", i, d)
		}
		seen[d] = i
	}
	swapped := []xattr{{"user.c", nil}, {"user.a", []byte("b")}}
	if digestXattrs(swapped) != digestXattrs(lists[5]) {
		t.Error("the order of the list counts")
	}
}

func TestSplitXattrNames(t *testing.T) {
	got, err := splitXattrNames("user.a\x00user.\xff\x00")
	if err != nil || !slices.Equal(got, []string{"user.a", "user.\xff"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := splitXattrNames("\x01a\x01b"); err == nil {
		t.Error("a list of another form was taken")
	}
}

func TestAttrTable(t *testing.T) {
	var table attrTable
	a, b := Attrs{Mode: 1}, Attrs{Mode: 1, XattrsUnknown: true}
	for range 2 {
		if i, j := table.intern(a), table.intern(b); i != 0 || j != 1 {
			t.Errorf("numbers %d %d", i, j)
		}
	}
	if !slices.Equal(table.list, []Attrs{a, b}) {
		t.Errorf("list %v", table.list)
	}
}

// TestSchedule lets classes part at random and checks that the descriptors in
// use never exceed the budget and that all work is done once.
func TestSchedule(t *testing.T) {
	const free = 10
	var spans []span
	for i := range 200 {
		spans = append(spans, span{10 * i, 10*i + 2 + i%9})
	}
	work := newSchedule(slices.Clone(spans), free)
	decided := make(chan int, 10*len(spans))
	ended := make(chan bool)
	for w := range 5 {
		go func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 2))
			for {
				c, sp, ok := work.next()
				if !ok {
					ended <- true
					return
				}
				n := sp.len()
				if c != nil {
					n = len(c.fds)
				}
				work.mu.Lock()
				if work.free < 0 {
					t.Errorf("%d descriptors too many", -work.free)
				}
				work.mu.Unlock()
				if n > 3 {
					part := 1 + rnd.IntN(n-1)
					work.add(&class{fds: make([]int, part)})
					n -= part
				}
				decided <- n
				work.release(n)
				work.finish()
			}
		}()
	}
	for range 5 {
		<-ended
	}
	close(decided)
	total := 0
	for n := range decided {
		total += n
	}
	for _, sp := range spans {
		total -= sp.len()
	}
	if total != 0 || work.free != free {
		t.Errorf("%d members too many, %d descriptors free", total, work.free)
	}
}

// TestScheduleWakes: who waits for work hears of all that gives him some, or none any more.
func TestScheduleWakes(t *testing.T) {
	for name, c := range map[string]struct {
		spans []span
		wake  func(*schedule)
	}{
		"finish":  {[]span{{0, 2}}, (*schedule).finish},
		"stop":    {[]span{{0, 2}}, (*schedule).stop},
		"add":     {[]span{{0, 2}}, func(s *schedule) { s.add(&class{}) }},
		"release": {[]span{{0, 2}, {2, 4}}, func(s *schedule) { s.release(2) }},
		"ctx": {[]span{{0, 2}}, func(s *schedule) {
			ctx, cancel := context.WithCancel(context.Background())
			end := s.stopWith(ctx)
			cancel()
			end()
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			work := newSchedule(c.spans, 2)
			work.next()
			woken := false
			go func() {
				work.next()
				woken = true
			}()
			synctest.Wait()
			c.wake(work)
			if synctest.Wait(); !woken {
				t.Fatalf("%s: still waits", name)
			}
		})
	}
}

// TestScheduleClose: what nobody takes after a stop does not stay open.
func TestScheduleClose(t *testing.T) {
	fd, err := unix.Dup(int(opened(t, nil).Fd()))
	if err != nil {
		t.Fatal(err)
	}
	work := newSchedule(nil, 1)
	work.add(&class{fds: []int{fd}})
	work.stop()
	if c, _, ok := work.next(); ok {
		t.Errorf("%+v after a stop", c)
	}
	work.close()
	if unix.Close(fd) == nil {
		t.Error("a file stays open")
	}
}

func TestFirstSize(t *testing.T) {
	for size, want := range map[int64]int64{0: 0, 1: 1, headSize + 1: headSize + 1, wholeSize: wholeSize, wholeSize + 1: headSize} {
		if got := firstSize(size); got != want {
			t.Errorf("%d: %d, want %d", size, got, want)
		}
	}
}

// filled returns n bytes that depend on the seed.
func filled(seed uint64, n int) []byte {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// except returns b with one byte changed.
func except(b []byte, i int) []byte {
	c := bytes.Clone(b)
	c[i] ^= 1
	return c
}

// TestSizeCounts: sizes are counted alike on both sides of where pages end.
func TestSizeCounts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	near := []int64{0, countPage, pagedSizes - countPage, pagedSizes, 1 << 40}
	var counts sizeCounts
	want := map[int64]uint32{}
	for range 500 {
		size := max(0, near[rnd.IntN(len(near))]+rnd.Int64N(21)-10)
		counts.add(size)
		want[size]++
	}
	several := 0
	for size, n := range want {
		if got := counts.of(size); got != n {
			t.Errorf("size %d: %d, want %d", size, got, n)
		}
		if n > 1 {
			several += int(n)
		}
	}
	if got := counts.several(); got != several {
		t.Errorf("%d share their size, want %d", got, several)
	}
}

// TestDivideRuns: the parts hold every record once, in order, and no inode is in two.
func TestDivideRuns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		var tree fakeTree
		recs := &records{}
		var runs []*run
		for domain := range scan.Domain(1 + rnd.IntN(3)) { // a filesystem that is mounted so often
			from, ino := len(tree), uint64(0)
			for range 1 + rnd.IntN(4*worthDividing) {
				ino += 1 + uint64(rnd.IntN(2))
				recs.members = append(recs.members, Member{Name: scan.Name(len(tree))})
				tree = append(tree, fakeName{ino: ino, domain: domain})
			}
			runs = append(runs, &run{from, len(tree)})
		}
		recs.tree = tree
		checkParts(t, recs, divideRuns(recs, runs, 1+rnd.IntN(5)))
	}
}

func checkParts(t *testing.T, recs *records, parts [][]*run) {
	t.Helper()
	seen := make([]bool, len(recs.members))
	highest := uint64(0)
	for _, part := range parts {
		last := highest
		for _, r := range part {
			for i := r.at; i < r.end; i++ {
				if seen[i] || recs.ino(i) <= last {
					t.Fatalf("record %d comes twice, or inode %d is in two parts", i, recs.ino(i))
				}
				seen[i], highest = true, max(highest, recs.ino(i))
			}
		}
	}
	if slices.Contains(seen, false) {
		t.Fatal("a record is in no part")
	}
}

// TestByInode: files come by domain, and then by inode number.
func TestByInode(t *testing.T) {
	tree := fakeTree{{ino: 9}, {ino: 1, domain: 1}, {ino: 2, domain: 1}}
	for i := range scan.Name(2) {
		if byInode(tree, i, i+1) >= 0 || byInode(tree, i+1, i) <= 0 || byInode(tree, i, i) != 0 {
			t.Errorf("%d does not come before %d", i, i+1)
		}
	}
}
