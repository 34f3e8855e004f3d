package dedupe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
	"github.com/oneinode/oneinode/scan/beneath"
)

// Reasons for a path that an undo leaves alone.
const (
	ReasonOwnCopy  = "has a copy of its own already, or was replaced since"
	ReasonEdited   = "content changed since it was linked"
	ReasonDirGone  = "directory is gone or is another one now"
	ReasonNoXattrs = "its extended attributes are not in the journal"
)

// undoWorkers take sets back at the same time; each waits for fsync, and the
// filesystem flushes what comes together in one go.
const undoWorkers = 16

// UndoOptions of an undo; callbacks may come from many goroutines at once.
type UndoOptions struct {
	OnPath func(UndoOutcome)
}

// UndoOutcome tells what became of one replaced path.
type UndoOutcome struct {
	Path   string
	Kind   Kind // Linked means: has a copy of its own again
	Reason string
	Err    error
	Bytes  int64 // that the copy takes; 0 for a further name of the same inode
}

// UndoTotals sums an undo.
type UndoTotals struct {
	Restored, Left, Failed int64 // names
	Bytes                  int64
}

// Need is what an undo will take of one filesystem.
type Need struct {
	Dev        uint64
	Bytes      int64 // at most: less where the filesystem can share extents
	Free       int64 // bytes free for us now
	Names      int64
	CanReflink bool
}

// Fits reports whether the copies have room.
func (n Need) Fits() bool { return n.CanReflink || n.Bytes <= n.Free }

// Undo is a run that is about to be taken back.
type Undo struct {
	journal *journal.Journal
	roots   []journal.Path
	skip    map[int64]bool         // replacements that never happened or are undone
	moved   map[int64]*journal.Set // replacements that went to another keeper
	tried   map[int64][]string     // temporary names of an earlier undo, which was stopped
}

// past is one old inode and its names, as the journal has them.
type past struct {
	set   *journal.Set
	old   *journal.Old
	names []*pastName
	kin   []*pastName // names that were never replaced, or are taken back already
}

type pastName struct {
	journal.Replace
	keeper uint64 // inode number that the run made it lead to
	tmp    string // of the undo
}

// NewUndo reads the journal once.
func NewUndo(j *journal.Journal) (*Undo, error) {
	u := &Undo{journal: j, roots: j.Info.Roots, skip: map[int64]bool{}, moved: map[int64]*journal.Set{}, tried: map[int64][]string{}}
	var set *journal.Set
	for r, err := range j.Records() {
		switch {
		case err != nil:
			return nil, err
		case r.Set != nil:
			set = r.Set
		case r.Replace != nil && r.Replace.Again:
			u.moved[r.Replace.Seq] = set
		case r.Undo != nil:
			u.tried[r.Undo.Seq] = append(u.tried[r.Undo.Seq], r.Undo.Temporary)
		case r.Done != nil && r.Done.Reason != "":
			u.skip[r.Done.Seq] = true
		case r.Undone != nil && r.Undone.Reason == "":
			u.skip[r.Undone.Seq] = true
		}
	}
	return u, nil
}

// pasts yields the old inodes with names still to take back, until yield
// returns false.
func (u *Undo) pasts(yield func(*past) bool) error {
	var set *journal.Set
	var p *past
	emit := func() bool { return p == nil || len(p.names) == 0 || yield(p) }
	for r, err := range u.journal.Records() {
		switch {
		case err != nil:
			return err
		case r.Set != nil:
			set = r.Set
		case r.Old != nil:
			if !emit() {
				return nil
			}
			p = &past{set: set, old: r.Old}
		case r.Replace != nil && !r.Replace.Again && p != nil:
			u.add(p, r.Replace)
		}
	}
	emit()
	return nil
}

// add takes one name into a past. Names of one inode may have gone to different
// keepers.
func (u *Undo) add(p *past, r *journal.Replace) {
	n := &pastName{Replace: *r, keeper: p.set.Keeper}
	if u.skip[r.Seq] {
		p.kin = append(p.kin, n)
		return
	}
	if moved := u.moved[r.Seq]; moved != nil {
		p.set, n.keeper = moved, moved.Keeper
	}
	p.names = append(p.names, n)
}

// Needs looks at every path that would be taken back and sums what the copies
// will take, by filesystem.
func (u *Undo) Needs() ([]Need, error) {
	byDev := map[uint64]*Need{}
	var order []*Need
	err := u.pasts(func(p *past) bool {
		counted := false
		for _, n := range p.names {
			dir, r := u.openDir(n)
			if r != nil {
				continue
			}
			if st, err := scan.StatAt(dir, baseOf(string(n.Path))); err == nil && st.Ino == n.keeper {
				need := byDev[st.Dev]
				if need == nil {
					need = newNeed(dir, st.Dev)
					byDev[st.Dev] = need
					order = append(order, need)
				}
				need.Names++
				if !counted {
					need.Bytes += st.Allocated
				}
				counted = true
			}
			closeFD(dir)
		}
		return true
	})
	out := make([]Need, len(order))
	for i, n := range order {
		out[i] = *n
	}
	return out, err
}

func newNeed(dir int, dev uint64) *Need {
	n := &Need{Dev: dev, CanReflink: canReflink(dir)}
	free, err := freeBytes(dir)
	if err != nil {
		free = 1<<63 - 1
	}
	n.Free = free
	return n
}

// canReflink tries to share the extents of one unnamed file with another.
func canReflink(dir int) bool {
	a, named, err := createUnnamed(dir, temporaryName("00000000"))
	if err != nil || named {
		return false
	}
	defer closeFD(a)
	b, named, err := createUnnamed(dir, temporaryName("00000000"))
	if err != nil || named {
		return false
	}
	defer closeFD(b)
	return writeAll(a, make([]byte, 4096), 0) == nil && clone(b, a) == nil
}

// openDir opens the directory that a replace worked in: beneath its root,
// through no symbolic link, and it must be the same directory still. Device
// numbers may change when a machine starts again, so inode numbers decide.
func (u *Undo) openDir(n *pastName) (int, *refusal) {
	dir, err := openRecorded(u.roots, parentOf(string(n.Path)))
	if err != nil {
		return -1, &refusal{Skipped, ReasonDirGone, err}
	}
	if now, err := scan.FStat(dir); err != nil || now.Ino != n.DirInode {
		closeFD(dir)
		return -1, &refusal{Skipped, ReasonDirGone, err}
	}
	return dir, nil
}

// parentOf is the directory part of an absolute path.
func parentOf(path string) string { return path[:max(1, strings.LastIndexByte(path, '/'))] }

// openRecorded opens a directory by the path in a journal. Symbolic links are
// followed as far as the root that the user gave, and not below it.
func openRecorded(roots []journal.Path, path string) (int, error) {
	root := "/"
	for _, given := range roots {
		r := string(given)
		if (path == r || strings.HasPrefix(path, strings.TrimSuffix(r, "/")+"/")) && len(r) > len(root) {
			root = r
		}
	}
	top, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer closeFD(top)
	rel := strings.Trim(strings.TrimPrefix(path, root), "/")
	return beneath.Open(top, rel, unix.O_RDONLY|unix.O_DIRECTORY)
}

// Run takes the run back. Every path that still is what the run made of it gets
// its own inode again; names of one old inode share one again. It may be
// stopped and started again at any time.
func (u *Undo) Run(ctx context.Context, opts UndoOptions) (UndoTotals, error) {
	w, err := u.journal.Reopen()
	if err != nil {
		return UndoTotals{}, err
	}
	t := &taker{undo: u, journal: w, opts: opts}
	err = t.run(ctx)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = ctx.Err()
	}
	return t.totals(), err
}

// taker is what the workers of an undo share.
type taker struct {
	undo    *Undo
	journal *journal.Writer
	opts    UndoOptions
	dirs    [256]sync.Mutex
	seq     int64 // names announced by a split

	restored, left, failed, bytes atomic.Int64
}

func (t *taker) totals() UndoTotals {
	return UndoTotals{t.restored.Load(), t.left.Load(), t.failed.Load(), t.bytes.Load()}
}

// run announces the pasts in batches and hands those of one content to
// one worker, since they move their keepers' ctimes.
func (t *taker) run(ctx context.Context) error {
	work := make(chan []*past)
	var wg sync.WaitGroup
	for range undoWorkers {
		wg.Go(func() {
			for pasts := range work {
				for _, p := range pasts {
					t.takeBack(ctx, p)
				}
			}
		})
	}
	err := t.announce(ctx, work)
	close(work)
	wg.Wait()
	return err
}

func (t *taker) announce(ctx context.Context, work chan<- []*past) error {
	run := runPart(t.undo.journal.Info.Run)
	var batch [][]*past
	names := 0
	flush := func() error {
		if err := t.journal.Sync(); err != nil {
			return err
		}
		for _, pasts := range batch {
			select {
			case work <- pasts:
			case <-ctx.Done():
				return nil
			}
		}
		batch, names = nil, 0
		return nil
	}
	var failed error
	err := t.undo.pasts(func(p *past) bool {
		same := len(batch) > 0 && batch[len(batch)-1][0].set.Digest == p.set.Digest
		if !same && names >= lastBatch {
			failed = flush()
		}
		for _, n := range p.names {
			n.tmp = temporaryName(run)
			t.journal.Append(journal.Record{Undo: &journal.Undo{Seq: n.Seq, Temporary: n.tmp}})
			names++
		}
		if same && len(batch) > 0 {
			last := len(batch) - 1
			batch[last] = append(batch[last], p)
		} else {
			batch = append(batch, []*past{p})
		}
		return failed == nil && ctx.Err() == nil
	})
	return errors.Join(err, failed, flush())
}

// report counts and tells one name, and notes it in the journal.
func (t *taker) report(n *pastName, bytes int64, r *refusal) {
	out := UndoOutcome{Path: string(n.Path), Bytes: bytes}
	switch {
	case r == nil:
		t.restored.Add(1)
		t.bytes.Add(bytes)
	case r.kind == Failed:
		t.failed.Add(1)
	default:
		t.left.Add(1)
	}
	if r != nil {
		out.Kind, out.Reason, out.Err = r.kind, r.reason, r.err
	}
	t.journal.Append(journal.Record{Undone: &journal.Undone{Seq: n.Seq, Reason: out.Reason}})
	if t.opts.OnPath != nil {
		t.opts.OnPath(out)
	}
}

// takeBack gives the names of one old inode an inode of their own again.
func (t *taker) takeBack(ctx context.Context, p *past) {
	digest, err := hash.ParseDigest(p.set.Digest)
	if err != nil || p.old.Missing {
		for _, n := range p.names {
			t.report(n, 0, &refusal{Failed, ReasonNoXattrs, err})
		}
		return
	}
	s := separation{taker: t, look: p.old, want: &digest}
	defer t.sweep(ctx, p) // once the copy is not open for writing any more
	defer s.close()
	t.adopt(ctx, &s, p)
	for _, n := range p.names {
		if ctx.Err() != nil {
			return
		}
		bytes, r := t.name(ctx, &s, n)
		if r == nil || ctx.Err() == nil {
			t.report(n, bytes, r)
		}
	}
}

// name takes one name back.
func (t *taker) name(ctx context.Context, s *separation, n *pastName) (int64, *refusal) {
	dir, r := t.undo.openDir(n)
	if r != nil {
		return 0, r
	}
	defer closeFD(dir)
	lock := &t.dirs[n.DirInode%uint64(len(t.dirs))]
	s.keeper = n.keeper
	return s.name(ctx, dir, baseOf(string(n.Path)), n.tmp, lock)
}

// separation moves names from a shared inode to one copy of it.
type separation struct {
	taker  *taker
	look   *journal.Old // what the copy shall look like; nil: like the shared inode
	want   *hash.Digest // what its content must be; nil: the shared inode's
	keeper uint64       // inode number that a name must lead to
	fresh  *copied
	home   int // descriptor of the directory where the copy was made
}

func (s *separation) close() {
	if s.fresh != nil {
		s.fresh.drop()
		closeFD(s.home)
		s.fresh = nil
	}
}

// name makes base lead to the copy, which is made when it is first needed. It
// returns the bytes that the copy takes, for the name that it was made for.
func (s *separation) name(ctx context.Context, dir int, base, tmp string, lock *sync.Mutex) (int64, *refusal) {
	now, err := scan.StatAt(dir, base)
	if err == nil && s.fresh != nil && now.ID == s.fresh.stat.ID {
		return 0, nil // an undo that was stopped, or no replace, has left it so
	}
	if err != nil || now.Ino != s.keeper || !now.IsRegular() {
		return 0, &refusal{Skipped, ReasonOwnCopy, err}
	}
	shared, r := openVerified(dir, base, base, now)
	if r != nil {
		return 0, r
	}
	defer shared.close()
	var bytes int64
	if s.fresh == nil {
		if r := s.make(ctx, dir, spare(tmp), shared); r != nil {
			return 0, r
		}
		bytes = s.fresh.stat.Allocated
	}
	lock.Lock()
	defer lock.Unlock()
	before, err := scan.FStat(dir)
	if err != nil {
		return 0, refused(err)
	}
	defer setDirMtime(dir, &before)
	sw := swap{next: &s.fresh.handle, prev: shared, dir: dir, base: base, tmp: tmp}
	if r := sw.run(); r != nil {
		s.close() // an inode that has lost its only name cannot get another
		return 0, r
	}
	return bytes, nil
}

func (s *separation) make(ctx context.Context, dir int, named string, shared *handle) *refusal {
	home, err := unix.Dup(dir)
	if err != nil {
		return refused(err)
	}
	unix.CloseOnExec(home)
	look := s.look
	if look == nil {
		look, err = lookOf(shared)
	}
	if err == nil {
		var r *refusal
		if s.fresh, r = copyOf(ctx, home, named, shared, look, s.want); r == nil {
			s.home = home
			return nil
		} else {
			closeFD(home)
			return r
		}
	}
	closeFD(home)
	return refused(err)
}

// lookOf is what an open inode looks like beside its content.
func lookOf(h *handle) (*journal.Old, error) {
	xattrs, err := hash.Xattrs(h.fd)
	if err != nil {
		return nil, fmt.Errorf("extended attributes: %w", err)
	}
	return &journal.Old{
		UID: h.stat.UID, GID: h.stat.GID, Mode: h.stat.Mode,
		Mtime: h.stat.Mtime, Atime: h.stat.Atime, Xattrs: xattrs,
	}, nil
}
