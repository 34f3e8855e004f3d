package hash

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"
)

// members have these states and the names 0, 1, 2…
func membersOf(states ...state) []Member {
	list := make([]Member, len(states))
	for i, s := range states {
		list[i] = Member{Name: scan.Name(i), state: s}
	}
	return list
}

// TestDiscardRecalled: what was read stays, what nobody has looked at goes.
func TestDiscardRecalled(t *testing.T) {
	recs := &records{members: membersOf(recalled, present, recalled, present)}
	discardRecalled(recs, []int{0, 1, 3})
	if want := membersOf(absent, present, recalled, present); !slices.Equal(recs.members, want) {
		t.Errorf("%+v, want %+v", recs.members, want)
	}
}

// TestToLookAt: only what the cache alone knows is looked at again.
func TestToLookAt(t *testing.T) {
	recs := &records{members: membersOf(recalled, present, absent, recalled, recalled)}
	list, was := (&search{}).toLookAt(recs, []span{{0, 3}, {3, 4}})
	if !slices.Equal(list, []int{0, 3}) || !slices.Equal(was, []bool{true, false, false, true, false}) {
		t.Errorf("%v, %v", list, was)
	}
}

// TestComparable: the cache tells files apart only if it knows all of them, in one way.
func TestComparable(t *testing.T) {
	whole, parted, other := content{whole: true}, content{epoch: 1}, content{epoch: 2}
	for name, c := range map[string]struct {
		states   []state
		contents []content
		want     bool
	}{
		"digests of all":        {[]state{recalled, recalled}, []content{whole, whole}, true},
		"one comparison":        {[]state{recalled, recalled}, []content{parted, parted}, true},
		"two comparisons":       {[]state{recalled, recalled}, []content{parted, other}, false},
		"one of each":           {[]state{recalled, recalled}, []content{whole, parted}, false},
		"one not known":         {[]state{recalled, recalled}, []content{whole}, false},
		"one read, with digest": {[]state{recalled, present}, []content{whole, whole}, false},
		"one read, compared":    {[]state{present, recalled}, []content{parted, parted}, false},
	} {
		s := &search{memory: &memory{contents: map[scan.Name]content{}}}
		for i, known := range c.contents {
			s.memory.contents[scan.Name(i)] = known
		}
		if got := s.comparable(membersOf(c.states...)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSameTimes: the ctime alone counts as well: a writer can put the mtime back.
func TestSameTimes(t *testing.T) {
	for _, c := range []struct {
		mtime, ctime int64
		want         bool
	}{{1, 2, true}, {2, 2, false}, {1, 1, false}} {
		if got := sameTimes(&scan.Stat{Mtime: c.mtime, Ctime: c.ctime}, &scan.Facts{Mtime: 1, Ctime: 2}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestRecognize: a file that has changed since the walk is not what the cache knows.
func TestRecognize(t *testing.T) {
	root := planted(t, files{"a": []byte("x")})
	var told skips
	s := &search{tree: stamped(t, root), opts: Options{OnSkip: told.add}, changes: &changes{}}
	r := s.newReader()
	defer r.close()
	if err := os.Chtimes(filepath.Join(root, "a"), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	m := Member{state: recalled}
	if r.recognize(&m) || len(told.list) != 1 || told.list[0].Reason != ReasonChanged {
		t.Errorf("%+v, told %+v", m, told.list)
	}
}

// TestDivideHandsOn: what parts from a class goes on where that was, and does not
// compare again what was equal.
func TestDivideHandsOn(t *testing.T) {
	p := &pacer{reader: &reader{search: &search{}}, work: newSchedule(nil, 0), labels: []int{0, 1, 1}}
	c := &class{members: membersOf(present, present, present), fds: []int{-1, -1, -1}, size: 100, off: 10, tail: 80}
	lead := p.divide(c, 2)
	if lead.off != 10 || lead.tail != 80 || len(lead.members) != 1 {
		t.Errorf("the lead goes on at %d to %d", lead.off, lead.tail)
	}
	if len(p.work.begun) != 1 {
		t.Fatalf("%d classes handed on", len(p.work.begun))
	}
	if piece := p.work.begun[0]; piece.off != 10 || piece.tail != 80 || len(piece.members) != 2 {
		t.Errorf("%d files go on at %d to %d", len(piece.members), piece.off, piece.tail)
	}
}

// TestCompareUnreadable: where the first file cannot be read, the others are compared with
// the next one, not each with itself.
func TestCompareUnreadable(t *testing.T) {
	root := planted(t, files{"a": []byte("gone"), "b": []byte("same"), "c": []byte("same"), "d": []byte("sane")})
	var told skips
	s := newSearch(scanned(t, root), Options{OnSkip: told.add}, false)
	p := s.newPacer(newSchedule(nil, 0), &s.pools[0])
	defer p.close()
	c := &class{members: newRecords(s.tree, s.groups).members, fds: []int{-1}, size: 4, tail: 4}
	for _, name := range []string{"b", "c", "d"} {
		f, err := os.Open(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.fds = append(c.fds, int(f.Fd()))
	}
	parts, whole := p.compare(t.Context(), c, 0, 4)
	if want := []int{out, 0, 0, 1}; parts != 2 || whole || !slices.Equal(p.labels, want) || len(told.list) != 1 {
		t.Errorf("%d parts, labels %v, want %v, told %+v", parts, p.labels, want, told.list)
	}
}
