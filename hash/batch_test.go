package hash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/ring"
	"github.com/oneinode/oneinode/scan"
)

// searched searches a tree that nobody changes, as Find does but for what prepare
// changes.
func searched(t *testing.T, root string, prepare func(*search)) {
	t.Helper()
	tree := scanned(t, root)
	s := newSearch(tree, Options{Digests: true}, ring.Available())
	var done atomic.Int64
	s.opts.OnSkip = func(k scan.Skip) { t.Errorf("skipped %+v", k) }
	s.opts.OnDone = func(n, _ int64) { done.Add(n) }
	prepare(s)
	res, err := s.find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if done.Load() != res.Candidates {
		t.Errorf("%d of %d done", done.Load(), res.Candidates)
	}
	checkOracle(t, res)
}

// TestReadTogether: the answer is the same whether files are read together or one by
// one, however many at a time.
func TestReadTogether(t *testing.T) {
	root := planted(t, randomFiles(rand.New(rand.NewPCG(5, 6))))
	for _, batch := range []int{1, 2, 7, batchFiles} {
		for _, rings := range []bool{false, true} {
			t.Run(fmt.Sprint(batch, rings), func(t *testing.T) {
				searched(t, root, func(s *search) { s.batch, s.rings = batch, rings && s.rings })
			})
		}
	}
}

// TestFewDescriptors: more files than may be open together are compared all the same.
func TestFewDescriptors(t *testing.T) {
	b := filled(1, 3*wholeSize)
	root := planted(t, files{"a": b, "b": b, "c": except(b, 2*wholeSize), "d": b, "e": except(b, 2*wholeSize)})
	searched(t, root, func(s *search) { s.descriptors.lockstep = 2 })
}

// TestCrowds: two crowds side by side, of which some files part in the sample, some behind
// it, and some not at all.
func TestCrowds(t *testing.T) {
	list := files{}
	for k := range 2 {
		for i := range 8 {
			b := make([]byte, sampleSize+1+k)
			b[headSize], b[len(b)-1] = []byte{0, 0, 0, 0, 0, 1, 1, 2}[i], []byte{0, 0, 1, 1, 2, 3, 3, 3}[i]
			list[fmt.Sprintf("%d-%d", k, i)] = b
		}
	}
	searched(t, planted(t, list), func(s *search) { s.descriptors.lockstep = 2 })
}

// TestPrepareAll: no more files are open at a time than there is room for, and when each was opened is
// known, so that a change just before that is one of a young file.
func TestPrepareAll(t *testing.T) {
	s := newSearch(scanned(t, planted(t, files{"a": []byte("1"), "b": []byte("2"), "c": []byte("3")})), Options{}, false)
	time.Sleep(2 * tick) // on btrfs and xfs young files are put aside before the read
	s.batch = 2
	r := s.newReader()
	defer r.close()
	began := time.Now()
	next := r.prepareAll(t.Context(), 0, 3, newRecords(s.tree, s.groups).at, nil)
	if next != 2 || len(r.visits) != 2 {
		t.Errorf("%d files are open, the next is %d", len(r.visits), next)
	}
	for _, v := range r.visits {
		if v.began.Before(began) || v.began.After(time.Now()) {
			t.Errorf("opened at %v", v.began)
		}
		unix.Close(v.fd)
	}
}

// TestAbandonedRing: a ring that fails costs nothing but time, and the buffer that it
// may still write to is not used again.
func TestAbandonedRing(t *testing.T) {
	broken, err := ring.New(batchFiles)
	if err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	broken.Close()
	list := files{}
	for i := range 50 {
		list[fmt.Sprint(i)] = fmt.Appendf(nil, "%04d", i/2)
	}
	s := newSearch(scanned(t, planted(t, list)), Options{}, true)
	time.Sleep(2 * tick) // on btrfs and xfs young files are read one by one
	recs := newRecords(s.tree, s.groups)
	r := s.newReader()
	defer r.close()
	r.ring = broken
	old := &r.room()[0]
	done := 0
	r.firstOf(t.Context(), 0, len(recs.members), recs.at, func(k int, ok bool) {
		if !ok {
			t.Errorf("%s is left out", s.tree.Path(recs.members[k].Name))
		}
		done++
	})
	if done != len(list) || r.rings || r.ring != nil || &r.room()[0] == old {
		t.Errorf("%d files, ring %v", done, r.ring)
	}
	for i, v := range r.visits {
		if &v.buf[0] != &r.room()[4*i] {
			t.Fatalf("file %d is read to the old buffer, or to that of another", i)
		}
	}
	if spans := recs.gather(unheard); len(spans) != 25 || slices.ContainsFunc(spans, func(sp span) bool { return sp.len() != 2 }) {
		t.Errorf("%v, want 25 pairs", spans)
	}
}

// TestAbandonRing: what a ring has brought before it failed lies in the old buffer, and is
// read again.
func TestAbandonRing(t *testing.T) {
	made, err := ring.New(batchFiles)
	if err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	r := &reader{ring: made, visits: []visit{{buf: make([]byte, 4)}}, reads: []ring.Read{{N: 4}}}
	if r.abandonRing(); r.reads[0].N != 0 {
		t.Errorf("%d bytes count as read", r.reads[0].N)
	}
}

// TestNoRing: where a ring cannot be had after all each file is read by itself; where it can all are
// read by it.
func TestNoRing(t *testing.T) {
	if !ring.Available() {
		t.Skip("no io_uring here")
	}
	path := filepath.Join(planted(t, files{"a": []byte("same")}), "a")
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	none := was
	none.Cur = 3 // no descriptor is free
	for _, c := range []struct {
		limit unix.Rlimit
		want  bool
	}{{none, false}, {was, true}} {
		r := &reader{rings: true}
		for range 2 {
			r.visits = append(r.visits, visit{fd: readOnly(t, path), buf: make([]byte, 4)})
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &c.limit); err != nil {
			t.Fatal(err)
		}
		r.readAll()
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Fatal(err)
		}
		if r.rings != c.want || (r.ring != nil) != c.want {
			t.Errorf("rings: %v, one: %v, want %v", r.rings, r.ring != nil, c.want)
		}
		for i := range r.visits {
			if string(r.visits[i].buf) != "same" || r.reads[i].Err != nil || c.want && r.reads[i].N != 4 {
				t.Errorf("file %d: %q, %+v", i, r.visits[i].buf, r.reads[i])
			}
		}
		if r.ring != nil {
			r.ring.Close()
		}
	}
}

// TestThrottledReadsAlone: a file is not opened, and no writer of it kept waiting, while
// the search waits for leave to read another one.
func TestThrottledReadsAlone(t *testing.T) {
	tree := scanned(t, planted(t, files{"a": []byte("same"), "b": []byte("same")}))
	opts := Options{Throttle: func(context.Context, int64) error { return nil }}
	if s := newSearch(tree, opts, true); s.batch != 1 || s.rings {
		t.Errorf("%d files at a time, together: %v", s.batch, s.rings)
	}
	if s := newSearch(tree, Options{}, true); s.batch != batchFiles || !s.rings {
		t.Errorf("without a limit %d files at a time, together: %v", s.batch, s.rings)
	}
}

// TestYoungReadAlone: while a file that has just changed is waited for, no lease makes a
// writer of another file wait.
func TestYoungReadAlone(t *testing.T) {
	list := files{}
	for i := range 8 {
		list[fmt.Sprint(i)] = []byte("same")
	}
	root := planted(t, list)
	time.Sleep(2 * tick)
	for _, sharing := range []bool{false, true} { // on btrfs and xfs files are looked at before the read
		tree := scanned(t, root)
		if fs := tree.Filesystems(); sharing {
			fs[0].Type, fs[0].Reflinks = "btrfs", true
		}
		s := newSearch(tree, Options{}, true)
		recs := newRecords(s.tree, s.groups)
		for _, young := range []int{0, 3} {
			late := 0
			for late < 20 && !checkYoung(t, s, recs, young) {
				late++
			}
			if late == 20 {
				t.Errorf("sharing %v: %d was always too old: this shows nothing", sharing, young)
			}
		}
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// checkYoung changes a file and reads all. On a busy machine the file may be young no more when it is
// looked at; it was in time if the first decision was.
func checkYoung(t *testing.T, s *search, recs *records, young int) (inTime bool) {
	t.Helper()
	r := s.newReader()
	defer r.close()
	var order []int
	var waiting []error
	path, changed := s.tree.Path(recs.members[young].Name), time.Now()
	chmod(t, path, 0o600)
	r.firstOf(t.Context(), 0, len(recs.members), recs.at, func(k int, ok bool) {
		inTime = inTime || len(order) == 0 && time.Since(changed) < tick/2
		if order = append(order, k); !ok {
			t.Errorf("%d is left out", k)
		}
		if name := recs.members[k].Name; unsettled(s.facts(name).Ctime, time.Now()) > 0 {
			t.Errorf("%d may still change unseen", k)
		}
		for other := range recs.members {
			if k == young && other != young {
				waiting = append(waiting, openToWrite(s.tree.Path(recs.members[other].Name)))
			}
		}
	})
	if err := errors.Join(waiting...); inTime && err != nil {
		t.Errorf("a writer would wait for %d: %v", young, err)
	}
	if n := len(order); n != len(recs.members) || inTime && order[n-1] != young {
		t.Errorf("decided %v, want %d last", order, young)
	}
	chmod(t, path, 0o644)
	time.Sleep(2 * tick)
	return inTime
}

// openToWrite fails where a writer would have to wait.
func openToWrite(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	return unix.Close(fd)
}

// TestFirstGone: what has the name of a file now is not read for it.
func TestFirstGone(t *testing.T) {
	root := planted(t, files{"a": []byte("same")})
	r, told := readerOf(t, root)
	plant(t, root+"/new", []byte("same"))
	if err := os.Rename(root+"/new", root+"/a"); err != nil {
		t.Fatal(err)
	}
	if r.first(t.Context(), &Member{}, &Digest{}) || len(told.list) != 1 || told.list[0].Reason != ReasonGone {
		t.Errorf("told %+v", told.list)
	}
}

// TestIdentify: a file that has lost its name since it was opened is not read for it either.
func TestIdentify(t *testing.T) {
	root := planted(t, files{"a": []byte("same")})
	r, told := readerOf(t, root)
	fd, _, ok := r.open(0)
	if !ok {
		t.Fatalf("told %+v", told.list)
	}
	defer unix.Close(fd)
	if err := os.Remove(root + "/a"); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.identify(fd, 0); ok || len(told.list) != 1 || told.list[0].Reason != ReasonGone {
		t.Errorf("told %+v", told.list)
	}
}

// TestJudge: what could not be read, or has changed meanwhile, is equal to nothing,
// whatever the buffer holds.
func TestJudge(t *testing.T) {
	root := planted(t, files{"a": []byte("same"), "b": []byte("same")})
	time.Sleep(2 * tick)
	for _, looked := range []bool{false, true} {
		r, told := readerOf(t, root)
		path := r.tree.Path(0)
		v := &visit{m: &Member{}, d: &Digest{}, buf: []byte("same"), fd: readOnly(t, path), began: time.Now(), looked: looked}
		if known := r.judge(v, unix.EIO); known != leftOut || *v.d != (Digest{}) || len(told.list) != 1 {
			t.Errorf("unreadable, looked at before %v: verdict %v, told %+v", looked, known, told.list)
		}
		time.Sleep(2 * tick)
		chmod(t, path, 0o600)
		want := young
		if looked {
			want = leftOut
		}
		if known := r.judge(v, nil); known != want {
			t.Errorf("changed, looked at before %v: verdict %v, want %v", looked, known, want)
		}
	}
}

// TestJudgeYoung: a file that had just changed when its read began is put aside: it may have changed once more
// without a new ctime.
func TestJudgeYoung(t *testing.T) {
	r, told := readerOf(t, planted(t, files{"a": []byte("same")}))
	v := &visit{m: &Member{}, d: &Digest{}, buf: []byte("same"), fd: readOnly(t, r.tree.Path(0))}
	ctime := time.Unix(0, r.tree.Facts(0).Ctime)
	for began, want := range map[time.Time]verdict{ctime: young, ctime.Add(2 * coarseTick): taken} {
		v.began = began
		if known := r.judge(v, nil); known != want || len(told.list) != 0 {
			t.Errorf("%v after the change: verdict %v, want %v, told %+v", began.Sub(ctime), known, want, told.list)
		}
	}
}
