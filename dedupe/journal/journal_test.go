package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/lock"
)

func begin(run string, started time.Time) Begin {
	return Begin{Version: Version, Run: run, Kind: KindDedupe, Started: started}
}

// write makes a journal with a Begin and these records.
func write(t testing.TB, state, run string, started time.Time, records ...Record) string {
	t.Helper()
	w, err := Create(state, begin(run, started))
	check(t, err)
	w.Append(records...)
	check(t, w.Close())
	return filepath.Join(state, runsDir, run+suffix)
}

func read(t testing.TB, j *Journal) (records []Record) {
	t.Helper()
	for r, err := range j.Records() {
		check(t, err)
		records = append(records, r)
	}
	return records
}

// TestTornTail cuts a journal at every byte: the whole records are read, the
// rest is known to be torn, and Reopen cuts it off so that what comes next is
// read, too.
func TestTornTail(t *testing.T) {
	state := t.TempDir()
	records := samples()[1:]
	path := write(t, state, "run", time.Now().UTC(), records...)
	whole, err := os.ReadFile(path)
	check(t, err)
	for n := range len(whole) + 1 {
		check(t, os.WriteFile(path, whole[:n], 0o600))
		lines := strings.Count(string(whole[:n]), "\n")
		list, err := List(state)
		if lines == 0 {
			if err != nil || len(list) != 0 { // the run has changed nothing yet
				t.Fatalf("%d bytes: %d journals, %v", n, len(list), err)
			}
			continue
		}
		if err != nil || len(list) != 1 {
			t.Fatalf("%d bytes: %v", n, err)
		}
		torn := n > 0 && whole[n-1] != '\n'
		got := read(t, list[0])
		if len(got) != lines || list[0].Info.Torn != torn || list[0].Info.Live {
			t.Fatalf("%d bytes: %d records, torn %v, live %v; want %d, %v", n, len(got), list[0].Info.Torn, list[0].Info.Live, lines, torn)
		}
		w, err := list[0].Reopen()
		check(t, err)
		w.Append(Record{Undone: &Undone{Seq: 99}})
		check(t, w.Close())
		got = read(t, list[0])
		if len(got) != lines+1 || got[lines].Undone == nil || list[0].Info.Torn {
			t.Fatalf("%d bytes: %d records after an undo, want %d", n, len(got), lines+1)
		}
	}
}

// TestGarbageTail: zeroes, as a filesystem may leave after a power cut, are a torn
// tail.
func TestGarbageTail(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"zeroes":       func(b []byte) []byte { return append(b, make([]byte, 4096)...) },
		"empty line":   func(b []byte) []byte { return append(b, '\n') },
		"broken lines": func(b []byte) []byte { return append(b, "deadbeef {}\ndeadbeef {}\n"...) },
	} {
		state := t.TempDir()
		path := write(t, state, "run", time.Now().UTC(), Record{Done: &Done{Seq: 1}})
		b, _ := os.ReadFile(path)
		check(t, os.WriteFile(path, spoil(b), 0o600))
		j, err := Find(state, "run")
		check(t, err)
		if got := read(t, j); len(got) != 2 || !j.Info.Torn || j.Info.Linked != 1 {
			t.Errorf("%s: %d records, torn %v, %d linked", name, len(got), j.Info.Torn, j.Info.Linked)
		}
	}
}

// TestDamage turns one bit of each byte of a journal. That loses the line, or two when
// their newline goes, and nothing else: also an undo cuts nothing off. (In the last line
// and the newline before it damage looks like a torn tail.)
func TestDamage(t *testing.T) {
	state := t.TempDir()
	path := write(t, state, "run", time.Now().UTC(), samples()[1:]...)
	whole, err := os.ReadFile(path)
	check(t, err)
	lines := bytes.SplitAfter(whole, []byte{'\n'})
	for at := len(lines[0]); at < len(whole)-len(lines[len(lines)-2])-1; at++ {
		bad := bytes.Clone(whole)
		bad[at] ^= 1
		check(t, os.WriteFile(path, bad, 0o600))
		j, err := Find(state, "run")
		check(t, err)
		first := int64(bytes.Count(whole[:at], []byte{'\n'}) + 1)
		if j.Info.Torn || j.Info.Damage.First != first || j.Info.Damage.Lines < 1 {
			t.Fatalf("byte %d: torn %v, damage %+v, want it in line %d", at, j.Info.Torn, j.Info.Damage, first)
		}
		w, err := j.Reopen()
		check(t, err)
		w.Append(Record{Undone: &Undone{Seq: 99}})
		check(t, w.Close())
		checkLost(t, read(t, j), len(samples()))
	}
}

// checkLost: of n records one or two are lost, which one Lost stands for, and one has
// come behind them.
func checkLost(t *testing.T, got []Record, n int) {
	t.Helper()
	lost := 0
	for _, r := range got {
		if r.Lost {
			lost++
		}
	}
	if last := got[len(got)-1]; lost != 1 || len(got) != n+1 && len(got) != n || last.Undone == nil || last.Undone.Seq != 99 {
		t.Fatalf("%d records, %d times lost, last %+v", len(got), lost, last)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamagedBegin: without its first line a journal says nothing.
func TestDamagedBegin(t *testing.T) {
	state := t.TempDir()
	path := write(t, state, "run", time.Now().UTC(), samples()[1:]...)
	b, err := os.ReadFile(path)
	check(t, err)
	b[30] ^= 1
	check(t, os.WriteFile(path, b, 0o600))
	if list, err := List(state); len(list) != 0 || err == nil || !strings.Contains(err.Error(), "first line is damaged") {
		t.Errorf("%d journals, %v", len(list), err)
	}
}

// TestDamagedTakenBack: lost lines do not make a run wholly undone.
func TestDamagedTakenBack(t *testing.T) {
	replace := func(seq int64) Record { return Record{Replace: &Replace{Seq: seq}} }
	end := Record{End: &End{Complete: true, Linked: 2}}
	for name, records := range map[string][]Record{
		"ended":  {replace(1), {Done: &Done{Seq: 1}}, end, {Undone: &Undone{Seq: 1}}},
		"killed": {replace(1), {Lost: true}, {Done: &Done{Seq: 1}}, {Undone: &Undone{Seq: 1}}},
	} {
		state := t.TempDir()
		path := write(t, state, "run", time.Now().UTC(), records...)
		if name == "killed" {
			b, err := os.ReadFile(path)
			check(t, err)
			check(t, os.WriteFile(path, bytes.Replace(b, []byte(" {}\n"), []byte(" {]\n"), 1), 0o600))
		}
		if j, err := Find(state, "run"); err != nil || j.Info.TakenBack() {
			t.Errorf("%s: taken back, or %v", name, err)
		}
	}
}

func TestListOrder(t *testing.T) {
	state := t.TempDir()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, run := range []string{"c", "a", "b"} {
		write(t, state, run, start.Add(time.Duration(i)*time.Nanosecond))
	}
	dir := filepath.Join(state, runsDir)
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("x"), 0o600),
		unix.Mkfifo(filepath.Join(dir, "fifo"+suffix), 0o600), // nobody waits for it
		// of runs that were killed before their first line was there
		os.WriteFile(filepath.Join(dir, "empty"+suffix), nil, 0o600),
		os.WriteFile(filepath.Join(dir, "torn"+suffix), []byte(`a0b07997 {"begin":{"ver`), 0o600),
	} {
		check(t, err)
	}
	list, err := List(state)
	var runs []string
	for _, j := range list {
		runs = append(runs, j.Info.Run)
	}
	if fmt.Sprint(runs) != "[c a b]" || err != nil {
		t.Errorf("%v, %v; want oldest first", runs, err)
	}
	// A file of somebody else and a directory are left out, and told.
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "other"+suffix), []byte("what is this\n"), 0o600),
		os.Mkdir(filepath.Join(dir, "dir"+suffix), 0o700)); err != nil {
		t.Fatal(err)
	}
	if list, err = List(state); len(list) != 3 || err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("%d journals, %v; want two errors besides", len(list), err)
	}
	if _, err := List(filepath.Join(state, "none")); err != nil {
		t.Errorf("no directory yet: %v", err)
	}
}

// TestOtherVersion: what a later program wrote is not interpreted.
func TestOtherVersion(t *testing.T) {
	state := t.TempDir()
	b := begin("later", time.Now())
	b.Version = Version + 1
	w, err := Create(state, b)
	check(t, err)
	w.Close()
	if list, err := List(state); err == nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestFind(t *testing.T) {
	state := t.TempDir()
	for i, run := range []string{"20260101T000000Z-aaaa", "20260101T000000Z-aabb", "20260202T000000Z-cccc", "2026"} {
		write(t, state, run, time.Unix(int64(i), 0))
	}
	for id, want := range map[string]string{
		"20260101T000000Z-aaaa": "20260101T000000Z-aaaa", "20260101T000000Z-aab": "20260101T000000Z-aabb",
		"202602": "20260202T000000Z-cccc", "2026": "2026", "20260101": "", "x": "", "20260101T000000Z-aaaaa": "",
	} {
		j, err := Find(state, id)
		if want == "" {
			if err == nil {
				t.Errorf("%q found %s", id, j.Info.Run)
			}
			continue
		}
		if err != nil || j.Info.Run != want {
			t.Errorf("%q: %v, want %s", id, err, want)
		}
	}
	if _, err := Find(state, "x"); !errors.Is(err, ErrNoRun) {
		t.Errorf("%v", err)
	}
}

// TestStateDirName: a directory's name is not a pattern.
func TestStateDirName(t *testing.T) {
	for _, name := range []string{"a*", "[x]", "q?", `back\slash`, "ü \xff"} {
		state := filepath.Join(t.TempDir(), name)
		write(t, state, "run", time.Now())
		if list, err := List(state); err != nil || len(list) != 1 {
			t.Errorf("%q: %d journals, %v", name, len(list), err)
		}
	}
}

// TestLive: while the writer is open, others see that and cannot take it.
func TestLive(t *testing.T) {
	state := t.TempDir()
	w, err := Create(state, begin("run", time.Now()))
	check(t, err)
	if _, err := Create(state, begin("run", time.Now())); err == nil {
		t.Error("one journal was made twice")
	}
	j, err := Find(state, "run")
	if err != nil || !j.Info.Live {
		t.Fatalf("live %v, %v", j.Info.Live, err)
	}
	if _, err := j.Reopen(); err == nil {
		t.Error("the journal of a living run was taken over")
	}
	w.Close()
	if j, err = Find(state, "run"); err != nil || j.Info.Live {
		t.Errorf("live %v, %v", j.Info.Live, err)
	}
}

// TestSyncFirst: what Sync has returned for is in the file, though nothing was closed.
func TestSyncFirst(t *testing.T) {
	state := t.TempDir()
	w, err := Create(state, begin("run", time.Now()))
	check(t, err)
	defer w.Close()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range 100 {
				w.Append(Record{Done: &Done{Seq: int64(100*i + k + 1)}})
				if err := w.Sync(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	j, err := Find(state, "run")
	if err != nil || j.Info.Linked != 800 || j.Info.Torn {
		t.Errorf("%d of 800 records, torn %v, %v", j.Info.Linked, j.Info.Torn, err)
	}
}

// TestFullDisk: after a failed write nothing more is written, and Sync says so
// every time.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full: ", err)
	}
	w := newWriter(full)
	w.Append(Record{Done: &Done{Seq: 1}})
	if err := w.Sync(); err == nil {
		t.Fatal("a full disk is no error")
	}
	w.Append(Record{Done: &Done{Seq: 2}})
	if err := w.Sync(); err == nil || len(w.buf) != 0 {
		t.Errorf("%v, %d bytes waiting", err, len(w.buf))
	}
	if err := w.Close(); err == nil {
		t.Error("closing forgets the error")
	}
}

// TestErrorsTellPath: an error of flushing or locking says which file it was.
func TestErrorsTellPath(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	check(t, err)
	w := newWriter(null) // which cannot be flushed: EINVAL
	if err := w.Sync(); err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("flush: %v", err)
	}
	null.Close()
	if _, err := lock.Try(null); err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("lock: %v", err)
	}
	if _, err := lock.Held(null); err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("ask: %v", err)
	}
}

func TestInfo(t *testing.T) {
	state := t.TempDir()
	write(t, state, "run", time.Now().UTC(),
		Record{Replace: &Replace{Seq: 1}}, Record{Replace: &Replace{Seq: 2}}, Record{Replace: &Replace{Seq: 2, Again: true}}, Record{Replace: &Replace{Seq: 3}},
		Record{Done: &Done{Seq: 1, Freed: 5}}, Record{Done: &Done{Seq: 2, Freed: 7}}, Record{Done: &Done{Seq: 3, Reason: "x"}},
		Record{End: &End{Complete: true, Linked: 2}},
		Record{Undone: &Undone{Seq: 1}}, Record{Undone: &Undone{Seq: 2, Reason: "y", Apart: true}},
		Record{Undone: &Undone{Seq: 3, Reason: "y", Apart: true}}, Record{Undone: &Undone{Seq: 3, Reason: "y", Apart: true}},
		Record{Undone: &Undone{Seq: 2, Reason: "z"}})
	j, err := Find(state, "run")
	check(t, err)
	got := j.Info
	if got.Intended != 3 || got.Linked != 2 || got.Freed != 12 || got.Undone != 1 || got.Left != 4 || got.Apart != 1 || got.End == nil || !reflect.DeepEqual(*got.End, End{Complete: true, Linked: 2}) {
		t.Errorf("%+v", got)
	}
}

// TestAppendTogether: records of one call stand side by side, whoever else writes.
func TestAppendTogether(t *testing.T) {
	state := t.TempDir()
	w, err := Create(state, begin("run", time.Now()))
	check(t, err)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range 200 {
				seq := int64(200*i + k + 1)
				w.Append(Record{Set: &Set{Keeper: uint64(seq)}}, Record{Old: &Old{Inode: uint64(seq)}}, Record{Replace: &Replace{Seq: seq}})
			}
		})
	}
	group.Wait()
	check(t, w.Close())
	j, err := Find(state, "run")
	check(t, err)
	var keeper, old uint64
	found := 0
	for r, err := range j.Records() {
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Set != nil:
			keeper = r.Set.Keeper
		case r.Old != nil:
			old = r.Old.Inode
		case r.Replace != nil:
			found++
			if seq := uint64(r.Replace.Seq); keeper != seq || old != seq {
				t.Fatalf("replacement %d stands under keeper %d and inode %d", seq, keeper, old)
			}
		}
	}
	if found != 1600 {
		t.Errorf("%d of 1600 replacements", found)
	}
}

// TestStands: a run that linked nothing is not the last one to take back.
func TestStands(t *testing.T) {
	begin := Begin{Kind: KindDedupe}
	for _, c := range []struct {
		info Info
		want bool
	}{
		{Info{Begin: begin, Intended: 2, Refused: 2}, false}, // killed
		{Info{Begin: begin, Intended: 2, Refused: 1}, true},
		{Info{Begin: begin, Intended: 2, Refused: 2, End: &End{}}, false},
		{Info{Begin: begin, Intended: 2, End: &End{}}, false}, // stopped before it came to them
		{Info{Begin: begin, Intended: 2, Linked: 1, End: &End{Linked: 1}}, true},
		{Info{Begin: begin, Intended: 2, Linked: 1, Undone: 1, End: &End{Linked: 1}}, false},
		{Info{Begin: begin, Intended: 2, Linked: 1, End: &End{Linked: 1}, Live: true}, false},
		{Info{Begin: begin, Intended: 2, Stuck: 1, End: &End{}}, true},
		{Info{Begin: begin, Intended: 2, Stuck: 1, Apart: 1, End: &End{}}, false}, // it was not replaced
		{Info{Begin: begin, Intended: 2, Linked: 1, Stuck: 1, Apart: 1, End: &End{Linked: 1}}, true},
		{Info{Begin: begin, Intended: 2, Refused: 1, Stuck: 1}, true},
		{Info{Begin: Begin{Kind: KindSplit}, Intended: 2, Linked: 1, End: &End{Linked: 1}}, false},
	} {
		if got := c.info.Stands(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.info, got, c.want)
		}
	}
}

// TestUnreadLast: a journal that cannot be read is no reason to go by the run before it,
// unless it is older, or its run was killed before it began.
func TestUnreadLast(t *testing.T) {
	const good = "20260202T000000Z-aaaa"
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"20260303T000000Z-0000": {"what is this\n", ErrUnread}, "20260202T000000Z-0000": {"\n", ErrUnread},
		"20260101T000000Z-ffff": {"what is this\n", nil}, "20260303T000000Z-0001": {"", nil}, "20260303T000000Z-0002": {"1234abcd {", nil},
	} {
		state := t.TempDir()
		write(t, state, good, time.Now(), Record{Replace: &Replace{Seq: 1}})
		bad := filepath.Join(state, runsDir, name+suffix)
		check(t, os.WriteFile(bad, []byte(c.text), 0o600))
		j, err := FindLast(state)
		if !errors.Is(err, c.want) || (c.want == nil) != (j != nil) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), bad) {
			t.Errorf("%v does not name %s", err, bad)
		}
		if j, err := Find(state, good); err != nil || j.Info.Run != good {
			t.Errorf("%s beside the run that was named: %v", name, err)
		}
	}
}

// TestLiveLast: a run that is at work, or being undone, is the last one, and no reason to
// go by the run before; one of copies is none.
func TestLiveLast(t *testing.T) {
	for kind, want := range map[string]error{KindDedupe: ErrLive, KindSplit: nil} {
		state := t.TempDir()
		write(t, state, "20260202T000000Z-aaaa", time.Now(), Record{Replace: &Replace{Seq: 1}})
		b := begin("20260303T000000Z-bbbb", time.Now().Add(time.Hour))
		b.Kind = kind
		w, err := Create(state, b)
		check(t, err)
		if j, err := FindLast(state); !errors.Is(err, want) || (want == nil) != (j != nil) {
			t.Errorf("%s: %v", kind, err)
		}
		check(t, w.Close())
	}
}

// TestUnreadPrefix: a journal that cannot be read may be the one that is meant.
func TestUnreadPrefix(t *testing.T) {
	state := t.TempDir()
	write(t, state, "2026-a", time.Now())
	check(t, os.WriteFile(filepath.Join(state, runsDir, "2026-b"+suffix), []byte("x\n"), 0o600))
	if j, err := Find(state, "2026"); err == nil {
		t.Errorf("%s was taken", j.Info.Run)
	}
}

// TestReopenStale: what another undo has written since the journal was read stays.
func TestReopenStale(t *testing.T) {
	state := t.TempDir()
	path := write(t, state, "run", time.Now(), Record{Replace: &Replace{Seq: 1}})
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = f.WriteString("1234abcd {\"do")
	check(t, err)
	check(t, f.Close())
	stale, err := Find(state, "run")
	check(t, err)
	for range 2 { // the first one cuts the torn tail off
		fresh, err := Find(state, "run")
		check(t, err)
		w, err := fresh.Reopen()
		check(t, err)
		w.Append(Record{Undone: &Undone{Seq: 1}})
		check(t, w.Close())
	}
	w, err := stale.Reopen()
	check(t, err)
	check(t, w.Close())
	if got := read(t, stale); len(got) != 4 || stale.Info.Undone != 2 {
		t.Errorf("%d records, %d undone; want 4 and 2", len(got), stale.Info.Undone)
	}
}

// Who can put a journal there could have root give any file another owner.
func TestOthersMayWrite(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Begin{Version: Version, Run: "20260101T000000Z-00000001", Kind: KindDedupe})
	check(t, err)
	check(t, w.Close())
	check(t, os.Chmod(filepath.Join(dir, runsDir), 0o777))
	if list, err := List(dir); len(list) > 0 || err == nil {
		t.Errorf("List: %d journals, %v", len(list), err)
	}
	if _, err := Find(dir, "20260101T000000Z-00000001"); err == nil || errors.Is(err, ErrNoRun) {
		t.Errorf("Find: %v", err)
	}
	if _, err := FindLast(dir); err == nil || errors.Is(err, ErrNoRun) {
		t.Errorf("FindLast: %v", err)
	}
	if _, err := Create(dir, Begin{Version: Version, Run: "20260101T000000Z-00000002"}); err == nil {
		t.Error("Create: no error")
	}
}

// TestSyncFailsForAll: of two who wait for the disk at the same time the kernel tells one that a
// write failed (fsync(2): once for each open file). Neither may go on.
func TestSyncFailsForAll(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	check(t, err)
	defer null.Close()
	w := newWriter(null)
	second := make(chan struct{}, 2)
	var calls atomic.Int32
	w.dataSync = func(*os.File) error {
		if calls.Add(1) > 1 {
			second <- struct{}{}
			return nil
		}
		select {
		case <-second: // it was told first that all is well
			time.Sleep(50 * time.Millisecond)
		case <-time.After(200 * time.Millisecond):
		}
		return unix.EIO
	}
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if err := w.Sync(); !errors.Is(err, unix.EIO) {
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
}
