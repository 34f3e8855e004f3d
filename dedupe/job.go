package dedupe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// intent is one name that will be replaced, as the journal knows it.
type intent struct {
	name scan.Name
	seq  int64
	tmp  string
	// target is what the name will say as a symbolic link, else "".
	target string
	// why is set if the name must stay, since the journal lacks what an undo would need.
	why *refusal
}

// jobInode is an inode of a job and what is still to be done with its names.
type jobInode struct {
	*decide.InodePlan
	intents []intent
	held    *handle // open, once it was needed
	freed   int64   // bytes, by a reflink so far
	gone    uint32  // names that have been replaced
	// renewed: it is opened anew after each name, and its ctime is not known.
	renewed bool
}

// job is one keeper and the inodes whose names become links to it.
type job struct {
	set     *hash.Set
	link    decide.Link
	keeper  *jobInode
	victims []*jobInode
	pointer *pointer // for symbolic links, open as long as the keeper is
}

func (j *job) inodes() []*jobInode { return append(slices.Clone(j.victims), j.keeper) }

// jobsOf splits a decided set by keeper.
func jobsOf(sp *decide.SetPlan) []*job {
	byKeeper := map[int]*job{}
	var out []*job
	for i := range sp.Inodes {
		ip := &sp.Inodes[i]
		if ip.Action != decide.ActLink {
			continue
		}
		j := byKeeper[ip.To]
		if j == nil {
			j = &job{set: sp.Set, link: sp.Link, keeper: &jobInode{InodePlan: &sp.Inodes[ip.To]}}
			byKeeper[ip.To] = j
			out = append(out, j)
		}
		j.victims = append(j.victims, &jobInode{InodePlan: ip})
	}
	return out
}

// announceAll writes the intents of the whole plan to the journal, batch by
// batch, and hands each job on once its batch is on disk.
func (a *applier) announceAll(ctx context.Context, jobs chan<- *job) error {
	var batch []*job
	names, limit := 0, firstBatch
	flush := func() error {
		if err := a.opts.Journal.Sync(); err != nil {
			a.stopped.Store(true)
			return err
		}
		handOn(ctx, jobs, batch)
		batch, names, limit = batch[:0], 0, min(2*limit, lastBatch)
		clear(a.dirIDs)
		return nil
	}
	for sp := range a.plan.Sets() {
		for _, j := range jobsOf(&sp) {
			names += a.announce(j)
			batch = append(batch, j)
		}
		if ctx.Err() != nil || a.stopped.Load() {
			return nil
		}
		if names >= limit {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// handOn gives a batch to the workers, until ctx ends.
func handOn[T any](ctx context.Context, work chan<- T, batch []T) {
	for _, item := range batch {
		select {
		case work <- item:
		case <-ctx.Done():
			return
		}
	}
}

// announce writes one job's intents, not yet flushed, and returns how many.
func (a *applier) announce(j *job) (names int) {
	a.announcing.Lock()
	defer a.announcing.Unlock()
	a.opts.Journal.Append(a.setRecord(j, a.opener))
	for _, v := range j.victims {
		old, why := a.describe(j, v)
		a.opts.Journal.Append(journal.Record{Old: old})
		v.intents = make([]intent, len(v.Replace))
		for i, n := range v.Replace {
			in, dir := a.intend(j, n)
			in.why = cmp.Or(why, in.why)
			v.intents[i] = in
			a.opts.Journal.Append(journal.Record{Replace: a.replaceRecord(in, dir)})
		}
		names += len(v.intents)
	}
	return names
}

// intend numbers one replacement and looks at its directory.
func (a *applier) intend(j *job, n scan.Name) (intent, scan.ID) {
	a.seq++
	in := intent{name: n, seq: a.seq}
	a.keepPending(in.seq, false)
	if j.link != decide.LinkReflink {
		in.tmp = temporaryName(a.opts.Run)
	}
	a.aim(j, &in)
	dir, err := a.dirID(a.res.Tree.Dir(n))
	if err != nil {
		in.why = refused(err)
	}
	return in, dir
}

// keeperName is the name by which the keeper is opened, and told in the journal.
func (j *job) keeperName(t *scan.Tree) scan.Name {
	if j.link == decide.LinkSymlink {
		return j.keeper.Pointed(t)
	}
	return j.keeper.Names[0]
}

// aim notes what a name will say as a symbolic link.
func (a *applier) aim(j *job, in *intent) {
	if j.link == decide.LinkSymlink {
		in.target = a.plan.Target(j.keeperName(a.res.Tree), in.name)
	}
}

func (a *applier) setRecord(j *job, opener *scan.Opener) journal.Record {
	t := a.res.Tree
	id := t.ID(j.keeper.Name)
	set := &journal.Set{
		Size: j.set.Size, Digest: j.set.Digest.String(), Dev: id.Dev, Keeper: id.Ino,
		Path: journal.Path(absoluteFrom(a.here, t.Path(j.keeperName(t)))),
	}
	if j.link != decide.LinkHard {
		set.Link = j.link.String()
		return journal.Record{Set: set}
	}
	set.Was = a.lookOfKeeper(j, opener)
	return journal.Record{Set: set}
}

// lookOfKeeper tells what the keeper is beside its content. If it changes before it is
// linked to, it gets no names (openKeeper).
func (a *applier) lookOfKeeper(j *job, opener *scan.Opener) *journal.Look {
	attrs := a.res.Attrs(j.keeper.Member)
	look := &journal.Look{UID: attrs.UID, GID: attrs.GID, Mode: attrs.Mode, Mtime: j.keeper.Mtime}
	if !hasXattrs(&attrs) {
		return look
	}
	look.Missing = true
	if fd, err := opener.Open(j.keeper.Name); err == nil {
		defer kernel.Close(fd)
		if all, err := hash.Xattrs(fd); err == nil {
			look.Xattrs, look.Missing = all, false
		}
	}
	return look
}

func hasXattrs(a *hash.Attrs) bool { return a.Xattrs != [16]byte{} || a.XattrsUnknown }

// describe tells what a victim is beside its content: what a copy cannot know by
// itself. Of a reflinked file the inode stays, with all that it has.
func (a *applier) describe(j *job, v *jobInode) (*journal.Old, *refusal) {
	attrs := a.res.Attrs(v.Member)
	old := &journal.Old{
		Inode: a.res.Tree.ID(v.Name).Ino, UID: attrs.UID, GID: attrs.GID, Mode: attrs.Mode,
		Mtime: v.Mtime, Atime: v.Mtime, Links: v.Links,
	}
	if dev := a.res.Tree.ID(v.Name).Dev; dev != a.res.Tree.ID(j.keeper.Name).Dev {
		old.Dev = dev
	}
	if j.link == decide.LinkReflink {
		return old, nil
	}
	if r := a.lookInto(v, old); r != nil {
		old.Missing = true
		return old, r
	}
	return old, nil
}

// lookInto reads what was not part of what was hashed: the atime, and the extended
// attributes where there are any.
func (a *applier) lookInto(v *jobInode, old *journal.Old) *refusal {
	fd, err := a.opener.Open(v.Name)
	if err != nil {
		return refused(err)
	}
	defer kernel.Close(fd)
	now, err := scan.FStatNow(fd)
	if err != nil {
		return refused(err)
	}
	old.Atime = now.Atime
	if scan.IsFar(old.Atime) || scan.IsFar(old.Mtime) {
		return skip(decide.ReasonFar)
	}
	if attrs := a.res.Attrs(v.Member); !hasXattrs(&attrs) {
		return nil
	}
	if old.Xattrs, err = hash.Xattrs(fd); err != nil {
		return failedAs(ReasonXattrs, err)
	}
	return nil
}

func (a *applier) replaceRecord(in intent, dir scan.ID) *journal.Replace {
	return &journal.Replace{
		Seq: in.seq, Path: journal.Path(absoluteFrom(a.here, a.res.Tree.Path(in.name))), Temporary: in.tmp,
		DirDev: dir.Dev, DirInode: dir.Ino, Target: journal.Path(in.target),
	}
}

// dirID is identify, once for each batch. An error is not kept: it may pass.
func (a *applier) dirID(d scan.Dir) (scan.ID, error) {
	if id, known := a.dirIDs[d]; known {
		return id, nil
	}
	id, err := identify(a.res.Tree, d)
	if err == nil {
		a.dirIDs[d] = id
	}
	return id, err
}

// identify tells which directory one of a tree is now.
func identify(t *scan.Tree, d scan.Dir) (scan.ID, error) {
	fd, err := t.OpenDir(d)
	if err != nil {
		return scan.ID{}, err
	}
	defer kernel.Close(fd)
	now, err := scan.FStatNow(fd)
	return now.ID, err
}

func endRecord(t ApplyTotals, complete bool) *journal.End {
	return &journal.End{
		Finished: time.Now().UTC(), Complete: complete,
		Linked: t.Linked, Skipped: t.Skipped, Failed: t.Failed, Freed: t.Freed,
	}
}

// regroup decides anew about the victims of a keeper that cannot go on: the
// best of them keeps, the others go to it. It returns the new jobs and the
// inodes that nothing more happens to.
func (a *applier) regroup(j *job, rest []*jobInode) (jobs []*job, left []*jobInode) {
	plans := remains(rest)
	a.plan.Reassign(j.set, plans)
	jobs = jobsOf(&decide.SetPlan{Set: j.set, Link: j.link, Inodes: plans})
	old := make(map[scan.Name]*jobInode, len(rest))
	for _, t := range rest {
		old[t.Name] = t
	}
	for _, nj := range jobs {
		nj.adopt(old)
	}
	for i, t := range rest {
		if plans[i].Action != decide.ActLink {
			left = append(left, t)
		}
	}
	return jobs, left
}

// remains prepares a decision about what is left of a job.
func remains(rest []*jobInode) []decide.InodePlan {
	plans := make([]decide.InodePlan, len(rest))
	for i, t := range rest {
		plans[i] = t.remaining()
	}
	return plans
}

// usable gives up those that would keep next but are busy or have changed, and
// returns the others. The journal hears of a new keeper with all its victims: so
// it should be one that can be used.
func (a *applier) usable(j *job, rest []*jobInode) []*jobInode {
	plans, gone := remains(rest), map[*jobInode]bool{}
	for _, i := range a.plan.Order(j.set, plans) {
		r := a.openToKeep(j, rest[i], plans[i].Names[0])
		if r == nil {
			break
		}
		a.giveUp(rest[i], r)
		gone[rest[i]] = true
	}
	return slices.DeleteFunc(slices.Clone(rest), func(t *jobInode) bool { return gone[t] })
}

// remaining is what is left of the inode, without the names that have been replaced.
func (t *jobInode) remaining() decide.InodePlan {
	done := len(t.Replace) - len(t.intents)
	ip := *t.InodePlan
	ip.Action, ip.Links, ip.Frees, ip.Reason = decide.ActKeep, ip.Links-uint32(done), 0, ""
	ip.Names = slices.DeleteFunc(slices.Clone(ip.Names), func(n scan.Name) bool {
		return slices.Contains(t.Replace[:done], n)
	})
	return ip
}

// adopt gives a new job the open handles and the intents of the old one.
func (j *job) adopt(old map[scan.Name]*jobInode) {
	for _, t := range j.inodes() {
		o := old[t.Name]
		t.held, t.intents, t.freed, t.renewed = o.held, o.intents, o.freed, o.renewed
		o.held = nil
	}
}
