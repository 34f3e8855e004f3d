package dedupe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// undoWorkers take sets back at the same time; each waits for fsync, and the
// filesystem flushes what comes together in one go.
const undoWorkers = 16

// taker is what the workers of an undo share.
type taker struct {
	undo      *Undo
	journal   *journal.Writer
	opts      UndoOptions
	dirs      [256]sync.Mutex
	seq       int64 // names announced by a split
	announced int64 // names announced by an undo
	last      bool  // no run stands that began later
	ahead     int   // copies that a worker makes at a time

	mu   sync.Mutex
	sum  UndoTotals
	disk settler
}

func newTaker(w *journal.Writer, opts UndoOptions) *taker {
	ahead := workersWithin(undoWorkers, scan.OpenLimit()/undoWorkers)
	return &taker{journal: w, opts: opts, disk: settler{journal: w}, ahead: ahead}
}

func (t *taker) totals() UndoTotals {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}

// run announces the pasts in batches and hands those of one content to
// one worker, since they move their keepers' ctimes.
func (t *taker) run(ctx context.Context) error {
	work := make(chan []*past)
	var wg sync.WaitGroup
	for range workersWithin(undoWorkers, scan.OpenLimit()) {
		wg.Go(func() {
			for pasts := range work {
				t.takeAll(ctx, pasts)
			}
		})
	}
	err := t.announce(ctx, work)
	close(work)
	wg.Wait()
	t.disk.settle()
	return cmp.Or(err, t.disk.err)
}

// announce writes to the journal what is about to be taken back, batch by batch, and hands
// each batch on once it is on disk.
func (t *taker) announce(ctx context.Context, work chan<- []*past) error {
	a := announcer{taker: t, work: work, run: TemporaryRun(t.undo.journal.Info.Run)}
	err := t.undo.pasts(func(p *past) bool { return a.add(ctx, p) })
	if a.err == nil {
		a.err = a.flush(ctx)
	}
	return errors.Join(err, a.err)
}

// announcer is an announcement at work.
type announcer struct {
	*taker
	run   string
	work  chan<- []*past
	batch [][]*past // those of one content together
	names int
	err   error // of the journal: it ends the announcement
}

// add announces one past; false ends it.
func (a *announcer) add(ctx context.Context, p *past) bool {
	if !a.continues(p) && a.names >= lastBatch {
		a.err = a.flush(ctx)
	}
	for _, n := range p.names {
		if n.Temporary != "" {
			n.tmp = temporaryName(a.run)
		}
		a.journal.Append(journal.Record{Undo: &journal.Undo{Seq: n.Seq, Temporary: n.tmp}})
	}
	a.names += len(p.names)
	a.announced += int64(len(p.names))
	if last := len(a.batch) - 1; a.continues(p) {
		a.batch[last] = append(a.batch[last], p)
	} else {
		a.batch = append(a.batch, []*past{p})
	}
	return a.err == nil && ctx.Err() == nil
}

// continues reports whether a past has the content of the one before it in the batch.
func (a *announcer) continues(p *past) bool {
	last := len(a.batch) - 1
	return last >= 0 && a.batch[last][0].set.Digest == p.set.Digest
}

// flush brings the journal to disk and hands the batch on.
func (a *announcer) flush(ctx context.Context) error {
	if err := a.journal.Sync(); err != nil {
		return err
	}
	handOn(ctx, a.work, a.batch)
	a.batch, a.names = nil, 0
	return nil
}

// report counts and tells one name, and notes it in the journal.
func (t *taker) report(n *pastName, bytes int64, r *refusal) {
	out := n.outcome(bytes, r)
	t.mu.Lock()
	t.sum.count(&out)
	t.mu.Unlock()
	reason := out.Reason
	if r == nil {
		reason = "" // it has the copy, whoever gave it that
	}
	t.disk.tell(journal.Record{Undone: &journal.Undone{Seq: n.Seq, Reason: reason, Apart: t.last && r != nil && out.isSettled(), Inode: n.fresh}})
	if t.opts.OnPath != nil {
		t.opts.OnPath(out)
	}
}

// takeAll takes back old inodes of one content, one after the other. Some of their copies are
// made before, at the same time, so that these wait for the disk together.
func (t *taker) takeAll(ctx context.Context, pasts []*past) {
	var known scan.Stat
	for chunk := range slices.Chunk(pasts, t.aheadOf(pasts[0].set.Size)) {
		ready := make([]separation, len(chunk))
		var wg sync.WaitGroup
		for i, p := range chunk {
			wg.Go(func() { ready[i] = t.begin(ctx, p, len(chunk) > 1) })
		}
		wg.Wait()
		for i, p := range chunk {
			if known.ID != (scan.ID{}) {
				ready[i].known = known
			}
			t.takeBack(ctx, &ready[i], p)
			known = ready[i].known
		}
	}
}

// aheadBytes is what a worker copies at a time, if that is more than one file: a signal waits for all
// of it, which comes to nothing then.
const aheadBytes = 16 << 20

// aheadOf is how many files of a size are copied at a time.
func (t *taker) aheadOf(size int64) int {
	return int(max(1, min(int64(t.ahead), aheadBytes/max(1, size))))
}

// begin looks for a copy that the names of an old inode can have, and makes one if it is to
// be had ahead.
func (t *taker) begin(ctx context.Context, p *past, ahead bool) separation {
	want, r := contentOf(p.set, p.old)
	if r != nil || isReflink(p.set) {
		return separation{}
	}
	s := separation{scarce: t.opts.Scarce, old: p.old, want: want}
	t.adopt(ctx, &s, p)
	if ahead && s.fresh == nil && !s.scarce && ctx.Err() == nil {
		t.copyAhead(ctx, &s, p.names[0])
	}
	return s
}

// copyAhead makes the copy for a name. Why it cannot is told when its turn comes.
func (t *taker) copyAhead(ctx context.Context, s *separation, n *pastName) {
	dir, r := t.undo.openDir(n)
	if r != nil {
		return
	}
	defer kernel.Close(dir)
	s.aim(n)
	s.prepare(ctx, place{dir, string(n.Path), n.tmp, t.lockOf(n)})
}

// takeBack gives the names of one old inode an inode of their own again, or blocks.
func (t *taker) takeBack(ctx context.Context, s *separation, p *past) {
	switch {
	case isReflink(p.set):
		t.each(ctx, p, func(n *pastName) (int64, *refusal) { return t.unshare(ctx, p, n) })
	case s.want == nil:
		_, r := contentOf(p.set, p.old)
		t.each(ctx, p, func(*pastName) (int64, *refusal) { return 0, r })
	default:
		t.each(ctx, p, func(n *pastName) (int64, *refusal) { return t.name(ctx, s, n) })
		if r := s.end(); r != nil {
			t.report(p.names[0], 0, r)
		}
		t.sweep(ctx, p) // now that the copy is not open for writing any more
	}
}

// each takes the names of one old inode back and tells of them, until ctx ends.
func (t *taker) each(ctx context.Context, p *past, take func(*pastName) (int64, *refusal)) {
	for _, n := range p.names {
		if ctx.Err() != nil {
			return
		}
		if bytes, r := take(n); isTold(ctx, r) {
			t.report(n, bytes, p.orLost(r))
		}
	}
}

// isTold reports whether there is anything to tell of a name: not that it was under way when ctx ended.
func isTold(ctx context.Context, r *refusal) bool {
	return r == nil || ctx.Err() == nil || r.kind == Failed && !errors.Is(r.err, ctx.Err())
}

// name takes one name back.
func (t *taker) name(ctx context.Context, s *separation, n *pastName) (int64, *refusal) {
	dir, r := t.undo.openDir(n)
	if r != nil {
		return 0, s.withoutFirst(r)
	}
	defer kernel.Close(dir)
	s.aim(n)
	bytes, r := t.separate(ctx, s, dir, n)
	if r == nil {
		n.fresh, n.had, n.changed = s.fresh.stat.Ino, s.had && !n.halfway, s.changed
	}
	return bytes, r
}

// lockOf guards the times of a name's directory.
func (t *taker) lockOf(n *pastName) *sync.Mutex { return &t.dirs[n.DirInode%uint64(len(t.dirs))] }

// separate gives one name its copy, which is on disk before the journal tells of it.
func (t *taker) separate(ctx context.Context, s *separation, dir int, n *pastName) (int64, *refusal) {
	bytes, r := s.name(ctx, place{dir, string(n.Path), n.tmp, t.lockOf(n)})
	if r == nil {
		t.disk.touch(dir, s.fresh.stat.Dev)
	}
	return bytes, r
}
