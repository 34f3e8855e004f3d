package dedupe

import (
	"cmp"
	"context"
	"errors"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// do carries out one job. When its keeper cannot go on (busy, changed, no room
// for another link), the victims that are left find a keeper among themselves.
func (a *applier) do(ctx context.Context, j *job) {
	defer j.release()
	a.rest(ctx, j)
	rest, why := a.link(ctx, j)
	if len(rest) == 0 || a.halted(ctx) {
		return
	}
	if rest = a.usable(j, rest); len(rest) == 0 {
		return
	}
	jobs, left := a.regroup(j, rest)
	for _, t := range left {
		a.giveUp(t, why)
	}
	for _, next := range jobs {
		if a.announceAgain(next) {
			a.do(ctx, next)
		}
		next.release()
	}
}

func (a *applier) halted(ctx context.Context) bool { return ctx.Err() != nil || a.stopped.Load() }

// release closes what the job holds open, and with it the leases.
func (j *job) release() {
	for _, t := range j.inodes() {
		t.release()
	}
	if j.pointer != nil {
		j.pointer.close()
		j.pointer = nil
	}
}

func (t *jobInode) release() {
	if t.held != nil {
		t.held.close()
		t.held = nil
	}
}

// giveUp reports the names of an inode that stays for want of a keeper, or that
// is now the keeper of others.
func (a *applier) giveUp(t *jobInode, why *refusal) {
	for _, in := range t.intents {
		a.report(in, t.freed, why)
		t.freed = 0
	}
	t.intents = nil
}

// announceAgain has the journal know the new keeper before anything is linked to it.
func (a *applier) announceAgain(j *job) bool {
	a.tellAgain(j)
	if err := a.opts.Journal.Sync(); err != nil {
		a.stopped.Store(true)
	}
	return !a.stopped.Load()
}

// tellAgain is announce for names that the journal knows already.
func (a *applier) tellAgain(j *job) {
	opener := a.res.Tree.NewOpener()
	defer opener.Close()
	a.announcing.Lock()
	defer a.announcing.Unlock()
	a.opts.Journal.Append(a.setRecord(j, opener))
	for _, v := range j.victims {
		for i := range v.intents {
			in := &v.intents[i]
			a.aim(j, in)
			dir, _ := identify(a.res.Tree, a.res.Tree.Dir(in.name)) // an undo goes by the first record
			record := a.replaceRecord(*in, dir)
			record.Again = true
			a.opts.Journal.Append(journal.Record{Replace: record})
		}
	}
}

// link makes the victims' names links to the keeper. It returns the victims
// that need another keeper, and why.
func (a *applier) link(ctx context.Context, j *job) (rest []*jobInode, why *refusal) {
	if r := a.openKeeper(j); r != nil {
		return j.victims, lost(r)
	}
	for i, v := range j.victims {
		r := a.victim(ctx, j, v)
		if r != nil && r.needsKeeper() {
			return j.victims[i:], r
		}
		a.letGo(v)
	}
	a.tellKeeper(j)
	return nil, nil
}

// letGo closes a victim that is done with, now or when the removal of its names is on disk.
func (a *applier) letGo(v *jobInode) {
	if v.held != nil && v.held.stat.Links == 0 && a.res.Tree.Filesystem(v.Name).Writeback {
		a.removed.hold(v.held)
		v.held = nil
	}
	v.release()
}

// tellKeeper reports the keeper of a job whose victims are done.
func (a *applier) tellKeeper(j *job) {
	k := j.keeper
	if a.opts.OnKeeper == nil || k.held == nil || !k.held.leased {
		return
	}
	now, err := scan.FStatNow(k.held.fd)
	if err == nil && !k.held.knocked() && now.Size == j.set.Size && now.Mtime == k.Mtime && now.Ctime != k.Ctime {
		a.opts.OnKeeper(KeeperChange{k.Name, k.Facts, now.Ctime})
	}
}

// lost says that a keeper cannot be used, and why: some reasons say both.
func lost(r *refusal) *refusal {
	if r.needsKeeper() {
		return r
	}
	return &refusal{r.kind, ReasonKeeperLost, r.cause()}
}

// needsKeeper reports whether another keeper would do. With a temporary name in the way none would.
func (r *refusal) needsKeeper() bool {
	return !r.namesOne() && (r.reason == ReasonKeeperLost || r.reason == ReasonLinkLimit || r.reason == ReasonNotFlushed)
}

// openKeeper proves and leases the keeper and has its data on disk.
func (a *applier) openKeeper(j *job) *refusal {
	k := j.keeper
	if r := a.openToKeep(j, k, j.keeperName(a.res.Tree)); r != nil {
		return r
	}
	if j.link == decide.LinkReflink {
		return nil // the kernel flushes what it shares
	}
	if !a.opts.Barrier.covers(a.res.Tree.Domain(k.Name), k.Ctime) {
		if err := kernel.Sync(k.held.fd); err != nil && !a.flushless(k.Name, err) {
			return failedAs(ReasonNotFlushed, err)
		}
	}
	if j.link == decide.LinkSymlink {
		return a.openPlace(j)
	}
	return nil
}

// flushless reports whether err says that nothing can be waiting to be written: squashfs
// and erofs know no fsync(2) at all.
func (a *applier) flushless(n scan.Name, err error) bool {
	return a.res.Tree.Filesystem(n).ReadOnly && errors.Is(err, syscall.EINVAL)
}

// openToKeep opens an inode that others are to be joined with.
func (a *applier) openToKeep(j *job, t *jobInode, n scan.Name) *refusal {
	switch {
	case t.held != nil:
		return nil
	case j.link != decide.LinkSymlink && a.inLowerLayer(n):
		return skip(decide.ReasonLowerLayer)
	}
	return a.open(j.set, t, n)
}

// open opens an inode by one of its names.
func (a *applier) open(set *hash.Set, t *jobInode, n scan.Name) *refusal {
	tree := a.res.Tree
	dir, err := tree.OpenDir(tree.Dir(n))
	if err != nil {
		return refused(err)
	}
	defer kernel.Close(dir)
	return a.openIn(dir, set, t, n)
}

func (a *applier) openIn(dir int, set *hash.Set, t *jobInode, n scan.Name) (r *refusal) {
	tree := a.res.Tree
	open := openVerified
	if t.renewed {
		open = openRenewed
	}
	t.held, r = open(dir, string(tree.Base(n)), tree.Path(n), expected(a.res, set, t.InodePlan))
	if r == nil {
		a.tellUnguarded(n, t.held)
	}
	return r
}

// inLowerLayer reports whether to replace the name, or to link to it, would
// first copy the whole file.
func (a *applier) inLowerLayer(n scan.Name) bool {
	tree := a.res.Tree
	fs := tree.Filesystem(n)
	return fs.Type == "overlay" && lowerLayer(fs, tree.Path(n)) // elsewhere no path need be made
}

// tellUnguarded tells once where leases do not tell of every writer. On
// overlayfs a mapping that outlives its descriptor is not seen (Linux 6.18): it
// counts on the file of the layer below.
func (a *applier) tellUnguarded(n scan.Name, h *handle) {
	fs := a.res.Tree.Filesystem(n)
	foreign := h.denied && fs.SeesWriters()
	if h.guarded(fs) && fs.Type != "overlay" {
		return
	}
	// An overlay shows files of several devices in one mount.
	where := unguardedKey{cmp.Or(fs.Mount, fs.Dev), foreign}
	if _, told := a.unguarded.LoadOrStore(where, true); !told && a.opts.OnUnguarded != nil {
		a.opts.OnUnguarded(Unguarded{*fs, foreign})
	}
}

// unguardedKey is what has been told of.
type unguardedKey struct {
	mount   uint64
	foreign bool
}

// guarded reports whether an inode of a filesystem is leased, and the lease tells of
// every writer.
func (h *handle) guarded(fs *scan.Filesystem) bool { return h.leased && fs.SeesWriters() }

// victim replaces the names of one inode. A refusal that another keeper could
// mend is returned before it is reported; the names from there on are still to do.
func (a *applier) victim(ctx context.Context, j *job, v *jobInode) *refusal {
	for len(v.intents) > 0 {
		if a.halted(ctx) {
			return nil
		}
		in := v.intents[0]
		freed, r := a.name(ctx, j, v, in)
		if r != nil && r.needsKeeper() {
			return r
		}
		if ctx.Err() != nil && r != nil && errors.Is(r.err, ctx.Err()) && freed == 0 {
			a.keepPending(in.seq, j.link == decide.LinkReflink)
			return nil
		}
		if r != nil {
			v.release() // a writer may be waiting for our lease to end
		} else if fs := a.res.Tree.Filesystem(in.name); fs.IsFUSE() || fs.Remote {
			v.renew()
		}
		v.intents = v.intents[1:]
		a.report(in, freed, r)
	}
	return nil
}

// renew has the next name opened by itself: libfuse knows a descriptor by the name that it
// was opened by, and that is gone; on network filesystems it had to be let go. What it reads
// is compared once more (mustCompare), since the ctime that our own replace has left cannot be
// told from another.
func (t *jobInode) renew() {
	t.release()
	t.renewed = true
}

// name opens the directory of a name, and its inode if that is not open yet.
func (a *applier) name(ctx context.Context, j *job, v *jobInode, in intent) (freed int64, r *refusal) {
	if in.why != nil {
		return 0, in.why
	}
	tree := a.res.Tree
	dir, err := tree.OpenDir(tree.Dir(in.name))
	if err != nil {
		return 0, refused(err)
	}
	defer kernel.Close(dir)
	if v.held == nil {
		if r := a.prepare(ctx, dir, j, v, in.name); r != nil {
			return 0, r
		}
	}
	return a.join(ctx, dir, j, v, in)
}

// join carries out one intent in the way of its job.
func (a *applier) join(ctx context.Context, dir int, j *job, v *jobInode, in intent) (freed int64, r *refusal) {
	if j.link == decide.LinkReflink {
		r = a.share(ctx, j, v)
		return v.freed, r
	}
	lock := &a.dirs[int(a.res.Tree.Dir(in.name))%len(a.dirs)]
	lock.Lock()
	defer lock.Unlock()
	return a.swapIn(dir, j, v, in)
}

// prepare opens a victim, and compares it with the keeper byte for byte where
// looking at it is not enough.
func (a *applier) prepare(ctx context.Context, dir int, j *job, v *jobInode, n scan.Name) *refusal {
	if a.inLowerLayer(n) {
		return skip(decide.ReasonLowerLayer)
	}
	if r := a.openIn(dir, j.set, v, n); r != nil {
		return r
	}
	if j.link == decide.LinkReflink || !a.mustCompare(j, v) {
		return nil
	}
	if len(j.victims) > 1 {
		j.keeper.held.stay()
	}
	r := compare(ctx, j.keeper.held, v.held)
	if r != nil {
		v.release()
	}
	return r
}

// swapIn runs the swap between a look at the directory and the repair of its mtime.
func (a *applier) swapIn(dir int, j *job, v *jobInode, in intent) (freed int64, r *refusal) {
	before, err := scan.FStatNow(dir)
	if err != nil {
		return 0, refused(err)
	}
	domain, fs := a.res.Tree.Domain(in.name), a.res.Tree.Filesystem(in.name)
	if r, known := a.unlinked.Load(domain); known {
		return 0, r.(*refusal)
	}
	if r := a.keeperStands(j); r != nil {
		return 0, r
	}
	s := a.swapOf(dir, j, v, in)
	if r := stickyKeeps(&before, s.next, s.prev); r != nil {
		return 0, r
	}
	if fs.Remote {
		if r := serverKeeps(&before, s.next, s.prev); r != nil {
			return 0, r
		}
	}
	r = s.run()
	takes := s.closeSymbol(fs.Type)
	kernel.SetDirMtime(dir, &before)
	a.learn(in.name, &s, r)
	if r != nil {
		return 0, r
	}
	v.gone++
	return v.Releases(becameFree(fs, v)) - takes, nil
}

// swapOf is the swap that an intent asks for.
func (a *applier) swapOf(dir int, j *job, v *jobInode, in intent) swap {
	tree, fs := a.res.Tree, a.res.Tree.Filesystem(in.name)
	_, plain := a.plain.Load(tree.Domain(in.name))
	s := swap{next: j.keeper.held, prev: v.held, dir: dir, base: string(tree.Base(in.name)), tmp: in.tmp, plain: plain, hides: fs.Remote}
	if a.plan.Matches(decide.MatchXattr) && !fs.IsFUSE() { // mergerfs says ESTALE of a file whose name has moved
		attrs := a.res.Attrs(v.Member)
		s.xattrs = &attrs.Xattrs
	}
	if j.link == decide.LinkSymlink {
		s.next, s.symbol = nil, &symbol{j.pointer, in.target, tree.RealDir(tree.Dir(in.name))}
	}
	return s
}

// learn notes what a swap has shown of its filesystem: so it will be for every name there.
func (a *applier) learn(n scan.Name, s *swap, r *refusal) {
	domain := a.res.Tree.Domain(n)
	if s.plain {
		a.plain.Store(domain, true)
	}
	if r != nil && a.res.Tree.Filesystem(n).IsFUSE() && (r.reason == ReasonNumbers || r.reason == decide.ReasonNoLinks) {
		a.unlinked.Store(domain, skip(r.reason))
	}
}

// keeperStands proves that the keeper is what it was at the last look: its lease does
// not keep anybody from changing its attributes between two replaces.
func (a *applier) keeperStands(j *job) *refusal {
	if j.link == decide.LinkSymlink {
		return nil // what it is told below the link does not matter
	}
	if r := j.keeper.held.recheck(); r != nil {
		return lost(r)
	}
	return nil
}

// becameFree is what became free with the last name that was replaced. Programs that make
// filesystems (FUSE) count a name for a file that is still open: there the names that
// are gone are counted.
func becameFree(fs *scan.Filesystem, v *jobInode) int64 {
	isGone, bytes := v.held.stat.Links == 0, v.held.allocated
	if !fs.SeesWriters() {
		isGone, bytes = v.gone >= v.Links, v.Allocated
	}
	if !isGone {
		return 0
	}
	return bytes
}
