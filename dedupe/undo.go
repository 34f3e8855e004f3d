package dedupe

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Reasons for a path that an undo leaves alone.
const (
	ReasonOwnCopy  = "has a copy of its own already, or was replaced since"
	ReasonNameGone = "is not there any more"
	ReasonEdited   = "content changed since it was linked"
	ReasonBroken   = "the symbolic link leads to no file any more"
	ReasonDirGone  = "directory is gone or is another one now"
	ReasonDirAway  = "directory is not there (is its filesystem mounted?)"
	ReasonLocked   = "locked"
	ReasonLost     = "the journal's line on what it was linked to is damaged"
	ReasonNoXattrs = "its extended attributes are not in the journal"
	// ReasonUndressed: as where attributes are not to be had any more (mount with nouser_xattr).
	ReasonUndressed = "a copy cannot be given the owner, mode, times or extended attributes"
	ReasonNotOurs   = "this user may not give a copy its owner, group or extended attributes"
)

// errLocked tells what the user can do about ReasonLocked.
var errLocked = errors.New("the key of its encrypted directory is not there: unlock that, then try again")

// UndoOptions of an undo; callbacks may come from many goroutines at once.
type UndoOptions struct {
	OnPath func(UndoOutcome)
	// Scarce: there is no room to spare, not even for a while, for a copy that comes to
	// nothing since its content is another one by now. So what is shared is read before.
	Scarce bool
}

// UndoOutcome tells what became of one replaced path.
type UndoOutcome struct {
	Path   string
	Kind   Kind // Linked means: has a copy of its own again
	Reason string
	Err    error
	Bytes  int64 // that the copy takes; 0 for a further name of the same inode
	// Changed names what the copy has as the shared file had it in the end, since that was
	// changed after the run, in the words of --match.
	Changed []string
}

// outcome is what became of a name, whose copy takes so many bytes, unless it was refused or
// had the copy before.
func (n *pastName) outcome(bytes int64, r *refusal) UndoOutcome {
	if n.had && r == nil {
		r = skip(ReasonOwnCopy)
	}
	if r != nil {
		return UndoOutcome{Path: string(n.Path), Kind: r.kind, Reason: r.reason, Err: r.err}
	}
	return UndoOutcome{Path: string(n.Path), Bytes: bytes, Changed: n.changed}
}

// contentOf is what a copy for an old inode must hold, unless the journal has not all that it
// needs.
func contentOf(set *journal.Set, old *journal.Old) (*hash.Digest, *refusal) {
	digest, err := hash.ParseDigest(set.Digest)
	if err != nil || old.Missing {
		return nil, &refusal{Failed, ReasonNoXattrs, err}
	}
	return &digest, nil
}

// isReflink reports whether the names of a set came to share blocks rather than an inode.
func isReflink(set *journal.Set) bool { return set.Link == decide.LinkReflink.String() }

// orLost tells that a name may share another file, which damaged lines told of, rather
// than that it has a copy of its own.
func (p *past) orLost(r *refusal) *refusal {
	if r != nil && (r.reason == ReasonOwnCopy || r.reason == ReasonNameGone) && p.lost {
		return &refusal{Failed, ReasonLost, r.err}
	}
	return r
}

// IsApart reports whether the path has a copy of its own now, whoever made it, or has no file.
func (o *UndoOutcome) IsApart() bool {
	return o.Kind == Linked || o.Kind == Skipped && (o.Reason == ReasonOwnCopy || o.Reason == ReasonOwnBlocks || o.Reason == ReasonNameGone)
}

// isSettled reports whether no undo can do anything about the path: it has its own copy, or is gone
// with its directory or its file.
func (o *UndoOutcome) isSettled() bool {
	return o.IsApart() || o.Kind == Skipped && (o.Reason == ReasonDirGone || o.Reason == ReasonReplaced)
}

// UndoTotals sums an undo.
type UndoTotals struct {
	Restored, Left, Failed int64 // names
	Bytes                  int64
	Joined                 int64 // names that were left and still share what they shared
	Gone                   int64 // names that are not there: whoever was moved may still share it elsewhere
	Changed                int64 // names that were restored but for what was changed after the run
}

// count adds one name.
func (t *UndoTotals) count(out *UndoOutcome) {
	switch out.Kind {
	case Linked:
		t.Restored++
		t.Bytes += out.Bytes
	case Failed:
		t.Failed++
	default:
		t.Left++
	}
	if out.Kind == Skipped && !out.IsApart() {
		t.Joined++
	}
	if out.Reason == ReasonNameGone {
		t.Gone++
	}
	if len(out.Changed) > 0 {
		t.Changed++
	}
}

// names is how many were counted.
func (t *UndoTotals) names() int64 { return t.Restored + t.Left + t.Failed }

// Undo is a run that is about to be taken back.
type Undo struct {
	journal *journal.Journal
	roots   recordedRoots
	fates   map[int64]*fate   // of replacements, by their numbers
	heirs   heirs             // by which copies of later undos a keeper may be known
	claims  claims            // what later runs have made, which is theirs to take back
	last    bool              // no run stands that began later, and none is at work
	devices map[uint64]uint64 // numbers of today, by those of the run, as far as need has met them
}

// fate is what the journal tells of a replacement behind its announcement.
type fate struct {
	over        bool         // it never happened, or is undone
	moved       *journal.Set // the one that it went to instead
	movedTarget journal.Path // what the name says there
	tried       []string     // temporary names of an earlier undo, which was stopped
	halfway     bool         // an earlier undo announced it and did not tell of it
	stuck       bool         // it left the old inode beside the name
}

// fate of a replacement, to be noted.
func (u *Undo) fate(seq int64) *fate {
	if u.fates[seq] == nil {
		u.fates[seq] = &fate{}
	}
	return u.fates[seq]
}

// past is one old inode and its names, as the journal has them.
type past struct {
	set   *journal.Set
	old   *journal.Old
	lost  bool // the set may have been another one, in damaged lines
	names []*pastName
	kin   []*pastName // names that were never replaced, or are taken back already

	counted bool // the copy, which all names share, by need
}

type pastName struct {
	journal.Replace
	fate
	keeper  keepers       // what the run made it lead to
	others  keepers       // what later runs that stand made it lead to
	was     *journal.Look // what that looked like then; nil: not known
	tmp     string        // of the undo
	fresh   uint64        // inode number of its own copy, once it has one
	had     bool          // and had it, not from an undo that was killed
	changed []string      // what that has not as the old one had it
}

// NewUndo reads the journal once, and those of the runs that came later.
func NewUndo(j *journal.Journal) (*Undo, error) {
	u, err := readUndo(j)
	if err == nil {
		err = u.inherit()
	}
	return u, err
}

// readUndo is NewUndo where what came later does not matter.
func readUndo(j *journal.Journal) (*Undo, error) {
	u := &Undo{journal: j, roots: newRecordedRoots(j.Info.Roots), devices: map[uint64]uint64{}}
	return u, u.read()
}

// read finds what is left to take back.
func (u *Undo) read() error {
	u.fates = map[int64]*fate{}
	var set *journal.Set
	for r, err := range u.journal.Records() {
		switch {
		case err != nil:
			return err
		case r.Set != nil:
			set = r.Set
		case r.Lost:
			set = behindLost(set)
		case r.Replace != nil && r.Replace.Again && set != nil:
			f := u.fate(r.Replace.Seq)
			f.moved, f.movedTarget = set, r.Replace.Target
		case r.Undo != nil:
			f := u.fate(r.Undo.Seq)
			f.tried, f.halfway = append(f.tried, r.Undo.Temporary), true
		case r.Done != nil && r.Done.Refused():
			u.fate(r.Done.Seq).over = true
		case r.Done != nil && r.Done.Stuck:
			u.fate(r.Done.Seq).stuck = true
		case r.Undone != nil:
			f := u.fate(r.Undone.Seq)
			f.halfway, f.over = false, f.over || r.Undone.Reason == ""
		}
	}
	return nil
}

// behindLost is the set that records behind damaged lines are taken to belong to. If
// there was another one in them, then the names do not lead to this one's keeper, and
// are left alone. A reflinked file has no such mark: there it is not known.
func behindLost(set *journal.Set) *journal.Set {
	if set == nil || isReflink(set) {
		return nil
	}
	return set
}

// Names is how many names are left to take back, about: some may need nothing.
func (u *Undo) Names() int64 {
	i := &u.journal.Info
	return max(0, i.Replaced()-i.Undone)
}

// pasts yields the old inodes with names still to take back, until yield
// returns false. Names behind damaged lines are left out up to the next Old: whose
// they were is not known.
func (u *Undo) pasts(yield func(*past) bool) error {
	var set *journal.Set
	var p *past
	lost := false
	emit := func() bool { return p == nil || len(p.names) == 0 || yield(p) }
	for r, err := range u.journal.Records() {
		switch {
		case err != nil:
			return err
		case r.Set != nil:
			set, lost = r.Set, false
		case r.Old != nil:
			if !emit() {
				return nil
			}
			if p = nil; set != nil {
				p = &past{set: set, old: r.Old, lost: lost}
			}
		case r.Lost:
			if !emit() {
				return nil
			}
			p, set, lost = nil, behindLost(set), true
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
	n := &pastName{Replace: *r, fate: *cmp.Or(u.fates[r.Seq], &fate{}), keeper: u.heirs.of(p.set.Keeper), was: p.set.Was}
	if n.over {
		u.concede(n)
		p.kin = append(p.kin, n)
		return
	}
	if n.moved != nil {
		p.set, n.keeper, n.Target, n.was = n.moved, u.heirs.of(n.moved.Keeper), n.movedTarget, n.moved.Was
	}
	u.concede(n)
	p.names = append(p.names, n)
}

// openDir opens the directory that a replace worked in: beneath its root,
// through no symbolic link, and it must be the same directory still. Device
// numbers may change when a machine starts again, so inode numbers decide.
func (u *Undo) openDir(n *pastName) (int, *refusal) {
	dir, err := openRecorded(&u.roots, parentOf(string(n.Path)))
	if err != nil {
		return -1, u.noDir(n, err)
	}
	if r := u.isDir(n, dir); r != nil {
		kernel.Close(dir)
		return -1, r
	}
	return dir, nil
}

// noDir says why the directory of a name cannot be opened.
func (u *Undo) noDir(n *pastName, err error) *refusal {
	r := goneOr(ReasonDirGone, err)
	if r.kind == Failed {
		return r
	}
	above, err := u.roots.nearest(parentOf(string(n.Path)))
	if err != nil {
		return refused(err)
	}
	defer kernel.Close(above)
	now, err := scan.FStatNow(above)
	if err != nil {
		return refused(err)
	}
	why := u.gone(n, above, &now)
	why.err = cmp.Or(why.err, r.err)
	return why
}

// gone says what became of the directory of a name, by what is at its path or the nearest above
// that is left: without its filesystem or its key it would not be found either.
func (u *Undo) gone(n *pastName, at int, now *scan.Stat) *refusal {
	switch {
	case kernel.Locked(at, now):
		return &refusal{Failed, ReasonLocked, errLocked}
	case !u.isDevice(n.DirDev, now.Dev):
		return skip(ReasonDirAway)
	}
	return skip(ReasonDirGone)
}

// isDevice reports whether a device of the run has that number today. Another one may have
// its old number by now.
func (u *Undo) isDevice(then, now uint64) bool {
	if known, ok := u.devices[then]; ok {
		return known == now
	}
	return then == now
}

// isDir proves that a directory is the name's, and that its names can be looked up.
func (u *Undo) isDir(n *pastName, dir int) *refusal {
	now, err := scan.FStatNow(dir)
	switch {
	case err != nil:
		return refused(err)
	case now.Ino != n.DirInode:
		return u.gone(n, dir, &now)
	case kernel.Locked(dir, &now):
		return &refusal{Failed, ReasonLocked, errLocked}
	}
	return nil
}

// goneOr tells a name that leads nowhere any more, which is the reason, from one that could
// not be looked at: what became of that is not known, and an undo may try again.
func goneOr(reason string, err error) *refusal {
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return &refusal{Skipped, reason, err}
	}
	return refused(err)
}

// parentOf is the directory part of an absolute path.
func parentOf(path string) string { return path[:max(1, strings.LastIndexByte(path, '/'))] }

// Run takes the run back. Every path that still is what the run made of it gets
// its own inode again; names of one old inode share one again. It may be
// stopped and started again at any time; a ctx that ends behind the last name has stopped nothing,
// and who then starts again would take back the run before. Other runs and undos may have been at work since
// NewUndo, so it reads the journals again once its own is held.
func (u *Undo) Run(ctx context.Context, opts UndoOptions) (UndoTotals, error) {
	w, err := u.journal.Reopen()
	if err != nil {
		return UndoTotals{}, err
	}
	err = errors.Join(u.read(), u.inherit())
	t := newTaker(w, opts)
	t.undo, t.last = u, u.last
	if err == nil {
		err = t.run(ctx)
	}
	if err = cmp.Or(err, w.Close()); err == nil && t.sum.names() < t.announced {
		err = ctx.Err()
	}
	return t.totals(), err
}
