package journal

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// TestMany: what is asked of a state directory with the runs of years is answered from the
// journals that tell of it, and a journal takes about the memory that it is long. Counted
// are bytes that were allocated.
func TestMany(t *testing.T) {
	const runs = 200
	state, start := t.TempDir(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range runs {
		at := start.Add(time.Duration(i) * time.Hour)
		write(t, state, fmt.Sprintf("%s-%08x", at.Format("20060102T150405Z"), i), at, samples()[1:]...)
	}
	first := start.Format("20060102T150405Z") + "-00000000"
	var j *Journal
	for what, c := range map[string]struct {
		do   func() error
		most uint64 // bytes
	}{
		"List": {func() error { _, err := List(state); return err }, runs * 100 << 10},
		"Find": {func() (err error) { j, err = Find(state, first); return err }, 2 * 100 << 10},
	} {
		if used := allocated(t, c.do); used > c.most {
			t.Errorf("%s: %d bytes, want at most %d", what, used, c.most)
		}
	}
	later := func() error {
		for range j.Later() {
			break
		}
		return nil
	}
	if used := allocated(t, later); used > 2*100<<10 {
		t.Errorf("the first of Later: %d bytes, want at most %d", used, 2*100<<10)
	}
}

// TestLater: a run that was called first, and waited for another one or searched for long, is the later one.
func TestLater(t *testing.T) {
	state, called := t.TempDir(), time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	write(t, state, "20260101T103000Z-0000000b", called.Add(40*time.Minute), samples()[1:]...)
	write(t, state, "20260101T100000Z-0000000a", called.Add(time.Hour), samples()[1:]...)
	for id, want := range map[string]int{"20260101T100000Z-0000000a": 0, "20260101T103000Z-0000000b": 1} {
		j, err := Find(state, id)
		check(t, err)
		later := 0
		for range j.Later() {
			later++
		}
		if later != want {
			t.Errorf("%d runs later than %s, want %d", later, id, want)
		}
	}
}

// TestClockBack: runs after the clock was set back are the later ones, each later than the
// one before; so they are once it is right again.
func TestClockBack(t *testing.T) {
	state, right := t.TempDir(), time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	var want []string
	for i, at := range []time.Time{right, right.Add(-time.Hour), right.Add(-2 * time.Hour), right.Add(time.Second)} {
		id := fmt.Sprintf("%s-%08x", at.Format("20060102T150405Z"), i)
		want = append(want, id)
		write(t, state, id, at, samples()[1:]...)
	}
	all, err := List(state)
	check(t, err)
	for i, j := range all {
		later := 0
		for range j.Later() {
			later++
		}
		if j.Info.Run != want[i] || later != len(all)-1-i {
			t.Errorf("%d: %s with %d later, want %s", i, j.Info.Run, later, want[i])
		}
	}
	if last, err := FindLast(state); err != nil || last.Info.Run != want[3] {
		t.Errorf("last: %+v, %v", last, err)
	}
}

// allocated tells how many bytes are allocated on the way.
func allocated(t *testing.T, do func() error) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	check(t, do())
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
