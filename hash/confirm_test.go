package hash

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/zeebo/blake3"

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
	if list := toLookAt(recs, []span{{0, 3}, {3, 4}}); !slices.Equal(list, []int{0, 3}) {
		t.Errorf("%v", list)
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
		"the other way round":   {[]state{recalled, recalled}, []content{parted, whole}, false},
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
	path := filepath.Join(root, "a")
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	m := Member{state: recalled}
	if r.recognize(&m) || len(told.list) != 1 || told.list[0] != (scan.Skip{Path: path, Reason: ReasonChanged}) {
		t.Errorf("%+v, told %+v", m, told.list)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r.recognize(&m) || len(told.list) != 2 || told.list[1] != (scan.Skip{Path: path, Reason: ReasonGone}) {
		t.Errorf("%+v, told %+v", m, told.list)
	}
}

// TestDivideHandsOn: what parts from a class goes on where that was, and does not
// compare again what was equal.
func TestDivideHandsOn(t *testing.T) {
	for _, warm := range []bool{false, true} {
		p := &pacer{reader: &reader{search: &search{}}, work: newSchedule(nil, 0), labels: []int{0, 1, 1}}
		c := &class{members: membersOf(present, present, present), fds: []int{-1, -1, -1}, size: 100, off: 10, tail: 80, warm: warm}
		lead := p.divide(c, 2)
		if lead.off != 10 || lead.tail != 80 || lead.warm != warm || len(lead.members) != 1 {
			t.Errorf("the lead goes on at %d to %d, warm: %v", lead.off, lead.tail, lead.warm)
		}
		if len(p.work.begun) != 1 {
			t.Fatalf("%d classes handed on", len(p.work.begun))
		}
		if piece := p.work.begun[0]; piece.off != 10 || piece.tail != 80 || piece.warm != warm || len(piece.members) != 2 {
			t.Errorf("%d files go on at %d to %d, warm: %v", len(piece.members), piece.off, piece.tail, piece.warm)
		}
	}
}

// TestCompareUnreadable: where the first file cannot be read, the others are compared with
// the next one, not each with itself.
func TestCompareUnreadable(t *testing.T) {
	root := planted(t, files{"a": []byte("gone"), "b": []byte("same"), "c": []byte("same"), "d": []byte("sane")})
	var told skips
	s := newSearch(scanned(t, root), Options{OnSkip: told.add}, false)
	s.twins.lost = map[scan.Name]bool{}
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
	if !s.twins.lost[c.members[0].Name] || len(s.twins.lost) != 1 {
		t.Errorf("lost %v", s.twins.lost)
	}
}

// TestHashFails: a file of a crowd that has changed, or cannot be read to where it should
// end, is equal to nothing.
func TestHashFails(t *testing.T) {
	root := planted(t, files{"a": []byte("same")})
	r, told := readerOf(t, root)
	if r.hash(t.Context(), &Member{}, &Digest{}, wholeOf(5)) || len(told.list) != 1 {
		t.Errorf("too short, told %+v", told.list)
	}
	chmod(t, filepath.Join(root, "a"), 0o600)
	if r.hash(t.Context(), &Member{}, &Digest{}, wholeOf(4)) || len(told.list) != 2 {
		t.Errorf("changed, told %+v", told.list)
	}
}

// TestPark: a file that is parked counts as not read until it is settled; one that has
// changed since it was looked at does not count as what lies in its place.
func TestPark(t *testing.T) {
	root := planted(t, files{"a": []byte("same")})
	r, told := readerOf(t, root)
	fd, c, m := readOnly(t, filepath.Join(root, "a")), &claim{}, Member{state: present}
	if known := r.park(fd, c, &m, &Digest{}); known != taken || len(c.parked) != 1 || !discarded(&m) {
		t.Errorf("verdict %v, %d parked, %+v", known, len(c.parked), m)
	}
	chmod(t, filepath.Join(root, "a"), 0o600)
	if known := r.park(fd, c, &m, &Digest{}); known != leftOut || len(c.parked) != 1 || len(told.list) != 1 {
		t.Errorf("verdict %v, %d parked, told %+v", known, len(c.parked), told.list)
	}
}

// TestSettleWithoutLead: what was parked with a file that was not read, or does not lie
// there any more, is read itself, and is left out if that fails.
func TestSettleWithoutLead(t *testing.T) {
	for name, c := range map[string]struct {
		lead    state
		place   uint32
		moved   bool // the lead has changed
		changes bool // the twin changes
	}{
		"not read":     {lead: absent},
		"twin changes": {lead: absent, changes: true},
		"elsewhere":    {lead: present, place: 7},
		"changed":      {lead: present, moved: true},
	} {
		tree := scanned(t, planted(t, files{"a": []byte("same"), "b": []byte("same")}))
		var told skips
		var done int64
		opts := Options{OnSkip: told.add, OnDone: func(n, _ int64) { done += n }, OnRead: func(int64) {
			if c.changes {
				chmod(t, tree.Path(1), 0o600)
			}
		}}
		if c.moved {
			chmod(t, tree.Path(0), 0o600)
		}
		s := newSearch(tree, opts, false)
		r := s.newReader()
		defer r.close()
		m, d := Member{Name: 1}, Digest{}
		r.settleClaim(t.Context(), &claim{place: c.place, lead: &Member{state: c.lead}, digest: &Digest{1}, parked: []parked{{&m, &d}}})
		if d != blake3.Sum256([]byte("same")) || discarded(&m) != c.changes {
			t.Errorf("%s: %+v, digest %x", name, m, d)
		}
		lost := 0
		if c.changes || c.moved {
			lost = 1
		}
		if len(told.list) != lost || done != int64(lost) {
			t.Errorf("%s: %d done, told %+v, want %d", name, done, told.list, lost)
		}
	}
}

// TestFinished: of a search that was stopped small files that were read are sets, not those
// that the cache knows, nor large ones of which only the beginning was read.
func TestFinished(t *testing.T) {
	small, large := []byte("same"), filled(1, wholeSize+1)
	root := planted(t, files{"a": small, "b": small, "c": small, "d": large, "e": large})
	s := newSearch(scanned(t, root), Options{}, false)
	recs := newRecords(s.tree, s.groups)
	for i := range recs.members {
		recs.members[i].state = present
		if s.tree.Path(recs.members[i].Name) == root+"/c" {
			recs.members[i].state = recalled
		}
	}
	if got, want := pathsOf(&Result{Tree: s.tree, Sets: s.finished(recs)}), root+"/a "+root+"/b"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
