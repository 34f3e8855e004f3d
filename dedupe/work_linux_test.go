package dedupe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// allJobs are those of a plan, what frees most first.
func allJobs(plan *decide.Plan) (jobs []*job) {
	for sp := range plan.Sets() {
		jobs = append(jobs, jobsOf(&sp)...)
	}
	return jobs
}

// announced has the jobs of a tree announced.
func announced(t *testing.T, dir string, opts ApplyOptions) (*applier, []*job) {
	t.Helper()
	opts.Journal = begun(t, t.TempDir())
	t.Cleanup(func() { opts.Journal.Close() })
	opts.Run = "0123abcd"
	a := newApplier(planOf(find(t, dir, scan.Root{}), decide.Policy{Keep: decide.KeepOldest}, nil), opts)
	t.Cleanup(a.opener.Close)
	jobs := allJobs(a.plan)
	for _, j := range jobs {
		a.announce(j)
	}
	return a, jobs
}

// TestStopped: once the journal has failed no further name is touched, nor told of.
func TestStopped(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	told := 0
	a, jobs := announced(t, dir, ApplyOptions{OnOutcome: func(Outcome) { told++ }})
	a.stopped.Store(true)
	for _, j := range jobs {
		a.do(t.Context(), j)
	}
	if links := statOf(t, dir, "kept").Links; links != 1 || told != 0 {
		t.Errorf("%d links, %d told", links, told)
	}
}

// TestEnded: once ctx has ended no further file is opened, nor flushed, of those that wait.
func TestEnded(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	a, jobs := announced(t, dir, ApplyOptions{OnUnguarded: func(Unguarded) { t.Error("a file was opened") }})
	a.res.Tree.Filesystems()[0].Remote = true // so that one is told of
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting := make(chan *job, len(jobs))
	for _, j := range jobs {
		waiting <- j
	}
	close(waiting)
	a.work(ctx, waiting)
}

// TestJournalFails: what cannot be announced is not done. That is told also of a run that was to end.
func TestJournalFails(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	a, _ := announced(t, dir, ApplyOptions{})
	check(t, a.opts.Journal.Close()) // and so nothing can be written to it
	ended, stop := context.WithCancel(t.Context())
	stop()
	for _, ctx := range []context.Context{t.Context(), ended} {
		if totals, err := Apply(ctx, a.plan, a.opts); err == nil || errors.Is(err, ctx.Err()) || totals.Linked != 0 {
			t.Errorf("%+v, %v", totals, err)
		}
	}
	if links := statOf(t, dir, "kept").Links; links != 1 {
		t.Errorf("%d links", links)
	}
}

// TestLetGoOfRefused: a file that is left alone is let go at once, since a writer may be waiting for
// it: whether it was found to be another one by comparison, or is not what was read.
func TestLetGoOfRefused(t *testing.T) {
	for _, bytes := range []bool{false, true} {
		dir := t.TempDir()
		put(t, dir, "kept", "same", 100)
		put(t, dir, "copy", "same", 200, "copy2")
		a, jobs := announced(t, dir, ApplyOptions{Bytes: bytes, OnOutcome: func(o Outcome) {
			if o.Kind != Skipped {
				t.Errorf("%+v", o)
			}
		}})
		j := jobs[0]
		v := j.victims[0]
		if r := a.openKeeper(j); r != nil {
			t.Fatal(r.reason, r.err)
		}
		defer j.release()
		if bytes {
			kernel.Close(j.keeper.held.fd)
			j.keeper.held.fd = openOf(t, dir, "other", "SAME")
			if r := a.prepare(t.Context(), openDir(t, dir), j, v, v.intents[0].name); reasonOf(r) != ReasonDiffers {
				t.Errorf("%+v", r)
			}
		} else {
			if r := a.open(j.set, v, v.Name); r != nil {
				t.Fatal(r.reason, r.err)
			}
			v.intents[0].why = skip(ReasonChanged)
			v.intents = v.intents[:1]
			a.victim(t.Context(), j, v)
		}
		if v.held != nil {
			t.Errorf("bytes %v: it is still open", bytes)
		}
	}
}

// openOf has a file of that content open for reading until its job lets it go.
func openOf(t *testing.T, dir, base, content string) int {
	t.Helper()
	put(t, dir, base, content, 300)
	fd, err := unix.Open(filepath.Join(dir, base), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check(t, err)
	return fd
}

// TestFlushless: only where nothing can be written does EINVAL of fsync(2) mean that nothing waits.
func TestFlushless(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "content", 1)
	put(t, dir, "copy", "content", 1)
	a, _ := announced(t, dir, ApplyOptions{})
	fs := &a.res.Tree.Filesystems()[0]
	for _, readOnly := range []bool{false, true} {
		fs.ReadOnly = readOnly
		if a.flushless(0, unix.EINVAL) != readOnly || a.flushless(0, unix.EIO) {
			t.Errorf("read-only %v", readOnly)
		}
	}
}

// TestGiveUp: what an inode has freed before it was given up counts once, whatever
// number of names it has.
func TestGiveUp(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200, "copy2", "copy3")
	var freed []int64
	a, jobs := announced(t, dir, ApplyOptions{OnOutcome: func(o Outcome) { freed = append(freed, o.Freed) }})
	v := jobs[0].victims[0]
	v.freed = 5
	a.giveUp(v, skip(ReasonBusy))
	if !slices.Equal(freed, []int64{5, 0, 0}) || a.freed.Load() != 5 || a.skipped.Load() != 3 || len(v.intents) != 0 {
		t.Errorf("freed %v, in all %d, %d skipped", freed, a.freed.Load(), a.skipped.Load())
	}
}

// TestRemoteNames: on a network filesystem each name of a file is replaced, though the file is
// let go in between.
func TestRemoteNames(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100, "k2", "k3", "k4")
	put(t, dir, "copy", "same", 200, "copy2", "copy3")
	a, jobs := announced(t, dir, ApplyOptions{})
	a.res.Tree.Filesystems()[0].Remote = true
	a.plain.Store(scan.Domain(0), true)
	j := jobs[0]
	if v := j.victims[0]; !a.swapOf(-1, j, v, v.intents[0]).hides {
		t.Error("the swap does not know")
	}
	a.do(t.Context(), j)
	if links := statOf(t, dir, "kept").Links; links != 7 || a.freed.Load() != 4096 {
		t.Errorf("%d links, %d bytes freed", links, a.freed.Load())
	}
}

// TestKeeperStays: a keeper that several victims are compared with is read from the disk once.
func TestKeeperStays(t *testing.T) {
	for _, victims := range []int{1, 2} {
		dir := t.TempDir()
		put(t, dir, "kept", "same", 100)
		for i := range victims {
			put(t, dir, fmt.Sprint("copy", i), "same", 200)
		}
		a, jobs := announced(t, dir, ApplyOptions{Bytes: true})
		if rest, r := a.link(t.Context(), jobs[0]); len(rest) > 0 || r != nil {
			t.Fatalf("%d left, %+v", len(rest), r)
		}
		if stays := jobs[0].keeper.held.unstay != nil; stays != (victims > 1) {
			t.Errorf("%d victims: the keeper stays in the page cache: %v", victims, stays)
		}
		if slices.ContainsFunc(jobs[0].victims, func(v *jobInode) bool { return v.held != nil }) {
			t.Error("a victim that is done with is still open")
		}
		if jobs[0].release(); jobs[0].keeper.held != nil {
			t.Error("the keeper is still open")
		}
	}
}

// TestLearnOfFilesystem: what a swap has shown holds for the whole filesystem, and nothing else does: names are exchanged
// as long as that works, and only programs that make filesystems have no links for any file.
func TestLearnOfFilesystem(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	for name, c := range map[string]struct {
		fs              string
		plain           bool
		r               *refusal
		learns, givesUp bool
	}{
		"exchanged":            {"ext4", false, nil, false, false},
		"renamed":              {"ext4", true, nil, true, false},
		"numbered names":       {"fuse.x", true, skip(ReasonNumbers), true, true},
		"no links":             {"fuse.x", false, skip(decide.ReasonNoLinks), false, true},
		"of one file":          {"fuse.x", false, skip(ReasonBusy), false, false},
		"not of one directory": {"ext4", false, skip(decide.ReasonNoLinks), false, false},
	} {
		a, _ := announced(t, dir, ApplyOptions{})
		a.res.Tree.Filesystems()[0].Type = c.fs
		a.learn(0, &swap{plain: c.plain}, c.r)
		_, learns := a.plain.Load(scan.Domain(0))
		_, gaveUp := a.unlinked.Load(scan.Domain(0))
		if learns != c.learns || gaveUp != c.givesUp {
			t.Errorf("%s: renames %v, gives up %v", name, learns, gaveUp)
		}
	}
}

// TestMustCompare: each reason by itself is enough to look at the bytes.
func TestMustCompare(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	for name, c := range map[string]struct {
		change func(*applier, *job)
		want   bool
	}{
		"at rest and leased":   {func(*applier, *job) {}, false},
		"by wish":              {func(a *applier, _ *job) { a.opts.Bytes = true }, true},
		"keeper not read":      {func(_ *applier, j *job) { j.keeper.Unread = true }, true},
		"victim not read":      {func(_ *applier, j *job) { j.victims[0].Unread = true }, true},
		"keeper without lease": {func(_ *applier, j *job) { j.keeper.held.leased = false }, true},
		"victim without lease": {func(_ *applier, j *job) { j.victims[0].held.leased = false }, true},
		"unseen writers":       {func(a *applier, _ *job) { a.res.Tree.Filesystems()[0].Remote = true }, true},
		"young keeper":         {func(a *applier, j *job) { j.keeper.Ctime = a.opts.Barrier.at }, true},
		"young victim":         {func(a *applier, j *job) { j.victims[0].Ctime = a.opts.Barrier.at }, true},
	} {
		settled := Barrier{at: time.Now().Add(time.Hour).UnixNano(), flushed: map[scan.Domain]bool{0: true}}
		a, jobs := announced(t, dir, ApplyOptions{Barrier: settled})
		j := jobs[0]
		j.keeper.held, j.victims[0].held = &handle{leased: true}, &handle{leased: true}
		if c.change(a, j); a.mustCompare(j, j.victims[0]) != c.want {
			t.Errorf("%s: %v, want %v", name, !c.want, c.want)
		}
	}
}

// TestYoungKeeper: a keeper that is younger than the flush of its filesystem is flushed by
// itself, and kept only if that succeeds.
func TestYoungKeeper(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	later, earlier := time.Now().Add(time.Hour).UnixNano(), time.Now().Add(-time.Hour).UnixNano()
	for name, c := range map[string]struct {
		barrier Barrier
		want    string
	}{
		"at rest":     {Barrier{later, map[scan.Domain]bool{0: true}}, ""},
		"young":       {Barrier{earlier, map[scan.Domain]bool{0: true}}, ReasonNotFlushed},
		"not flushed": {Barrier{later, map[scan.Domain]bool{0: false}}, ReasonNotFlushed},
	} {
		a, jobs := announced(t, dir, ApplyOptions{Barrier: c.barrier})
		fd, err := unix.Open(filepath.Join(dir, "kept"), unix.O_PATH|unix.O_CLOEXEC, 0) // cannot be flushed
		check(t, err)
		defer unix.Close(fd)
		jobs[0].keeper.held = &handle{fd: fd}
		if got := reasonOf(a.openKeeper(jobs[0])); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestDifferingStays: what is not equal byte for byte is not linked, whoever says that it is
// equal.
func TestDifferingStays(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a": "same", "b": "same", "c": "sane", "d": "sane"} {
		put(t, dir, name, content, 100)
	}
	var out []Outcome
	a, jobs := announced(t, dir, ApplyOptions{Bytes: true, OnOutcome: func(o Outcome) { out = append(out, o) }})
	jobs[0].victims = jobs[1].victims
	a.do(t.Context(), jobs[0])
	if len(out) != 1 || out[0].Kind != Skipped || out[0].Reason != ReasonDiffers {
		t.Errorf("%+v", out)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		if links := statOf(t, dir, name).Links; links != 1 {
			t.Errorf("%s: %d links", name, links)
		}
	}
}

// TestAnnounceAgainFails: nothing is linked to a new keeper that the journal does not know,
// and no file is kept from its writers for it.
func TestAnnounceAgainFails(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"kept", "copy", "copy2", "copy3"} {
		put(t, dir, name, "same", int64(100*(1+i)))
	}
	a, jobs := announced(t, dir, ApplyOptions{})
	check(t, a.opts.Journal.Close())
	check(t, os.Chmod(filepath.Join(dir, "kept"), 0o600))
	before, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	a.do(t.Context(), jobs[0])
	if now, err := os.ReadDir("/proc/self/fd"); err != nil || len(now) != len(before) {
		t.Errorf("%d descriptors are open, %d were: %v", len(now), len(before), err)
	}
	if links := statOf(t, dir, "copy").Links; links != 1 || !a.stopped.Load() {
		t.Error("goes on without its journal")
	}
}
