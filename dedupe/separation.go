package dedupe

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// separation moves names from a shared inode to one copy of it.
type separation struct {
	scarce bool          // see UndoOptions
	old    *journal.Old  // what the copy shall look like, but for later changes; nil: like the shared inode
	was    *journal.Look // what the shared inode looked like when the run linked to it; nil: not known
	want   *hash.Digest  // what the copy's content must be; nil: the shared inode's
	keeper keepers       // inodes of which a name must lead to one
	target string        // for a symbolic link: what it must say; then keeper does not count
	fresh  *copied
	had    bool        // the name led to the copy already
	home   int         // descriptor of the directory where the copy was made
	hides  bool        // as of a swap there
	known  scan.Stat   // of the shared inode last seen to hold what the copy does
	takes  int64       // bytes that the copy takes, until a name has it
	left   *staysError // of a copy that could not be made ahead, until it is told

	look    *journal.Old // what the copy looks like
	changed []string     // what of that is not as in old
}

func (s *separation) close() {
	if s.fresh != nil {
		s.fresh.close()
		kernel.Close(s.home)
		s.fresh = nil
	}
}

// name makes a path lead to the copy, which is made when it is first needed. It returns the
// bytes that the copy takes, for the name that it was made for.
func (s *separation) name(ctx context.Context, at place) (int64, *refusal) {
	bytes, r := s.give(ctx, at)
	if r != nil {
		return 0, s.withoutFirst(r)
	}
	s.left = nil // or that name could not have been had again
	return bytes, nil
}

// withoutFirst removes a copy that has only its first name, now that the name which it was made for
// is refused. It passes on why, with a first name that stays.
func (s *separation) withoutFirst(why *refusal) *refusal {
	if s.fresh != nil && s.fresh.named != "" {
		why = s.fresh.dropUnplaced(why)
		s.close()
	}
	if s.left != nil {
		why, s.left = why.leaves(s.left.tmp, s.left.err), nil
	}
	return why
}

// give is name, but for a copy that is left with its first name.
func (s *separation) give(ctx context.Context, at place) (int64, *refusal) {
	now, err := scan.StatAtNow(at.dir, baseOf(at.path))
	if s.had = err == nil && s.fresh != nil && now.ID == s.fresh.stat.ID; s.had {
		return 0, nil // an undo that was stopped, or no replace, has left it so
	}
	if err != nil {
		return 0, goneOr(ReasonNameGone, err)
	}
	old, shared, r := s.open(at.dir, at.path, now)
	if r != nil {
		return 0, r
	}
	defer old.close()
	defer shared.close()
	sw, r := s.swapFor(ctx, at, old, shared)
	if r != nil {
		return 0, s.orAlone(at.dir, shared, r)
	}
	if r := s.exchange(sw, at.lock); r != nil {
		return 0, r
	}
	s.fresh.path = at.path
	s.learn(shared)
	bytes := s.takes
	s.takes = 0
	return bytes, nil
}

// swapFor is the swap that a place gets the copy by, which is made if there is none.
func (s *separation) swapFor(ctx context.Context, at place, old, shared *handle) (*swap, *refusal) {
	xattrs, r := xattrsBefore(at.dir, shared)
	if r != nil {
		return nil, r
	}
	if r := s.provide(ctx, at, shared); r != nil {
		return nil, r
	}
	if r := s.holds(ctx, shared); r != nil {
		return nil, r
	}
	sw := &swap{next: &s.fresh.handle, copy: s.fresh, prev: old, dir: at.dir, base: baseOf(at.path), tmp: at.tmp, hides: s.hides, xattrs: xattrs}
	if shared != old {
		sw.behind = shared
	}
	return sw, nil
}

// aim says what one name must lead to.
func (s *separation) aim(n *pastName) {
	s.keeper, s.target, s.was = n.own(), string(n.Target), n.was
}

// prepare makes the copy for a path that is not to have it yet, if that can be.
func (s *separation) prepare(ctx context.Context, at place) {
	now, err := scan.StatAtNow(at.dir, baseOf(at.path))
	if err != nil {
		return
	}
	old, shared, r := s.open(at.dir, at.path, now)
	if r != nil {
		return
	}
	defer old.close()
	defer shared.close()
	if r = s.provide(ctx, at, shared); r == nil {
		s.doubt(shared)
		return
	}
	s.left, _ = r.err.(*staysError)
}

// doubt forgets that a shared inode holds what its fresh copy does, unless every write from here on
// shows: its lease ends before the copy is at its name. The copy's ctime tells what time it is there.
func (s *separation) doubt(shared *handle) {
	now, last := &s.fresh.stat, max(shared.stat.Mtime, shared.stat.Ctime)
	if !shared.leased || shared.knocked() || now.ID.Dev != shared.stat.ID.Dev || now.Ctime-last <= int64(coarsest) {
		s.known = scan.Stat{}
	}
}

// end closes a copy that all names have had their chance to get. It tells of a first name that
// stays, if no name was refused that could tell.
func (s *separation) end() *refusal {
	defer s.close()
	if r := s.withoutFirst(skip(ReasonInterrupted)); r.kind == Failed {
		return r
	}
	return nil
}

// xattrsBefore reads the attributes of a shared inode before its copy gets them. FUSE as in swapOf.
func xattrsBefore(dir int, shared *handle) (*[16]byte, *refusal) {
	if scan.OnFUSE(dir) {
		return nil, nil
	}
	now, err := hash.XattrDigest(shared.fd)
	if err != nil {
		return nil, refused(err)
	}
	return &now, nil
}

// holds proves that a shared inode has the content of the copy, if that was not made of
// it, or it was written to since. Names of one old inode may have gone to two, and a name
// must not lose what somebody wrote to the second one.
func (s *separation) holds(ctx context.Context, shared *handle) *refusal {
	if s.want == nil || unchanged(&s.known, &shared.stat) {
		return nil
	}
	return hasContent(ctx, shared.fd, shared.stat.Size, *s.want)
}

// coarsest is in what steps times come at most (FAT; 1 s on ext3): a write shows only where the
// one before it was earlier by more.
const coarsest = 2 * time.Second

// learn notes what a shared inode looks like after it lost a name, which was now, while its
// lease still keeps writers away: so its next name need not have it read again.
func (s *separation) learn(shared *handle) {
	s.known = scan.Stat{}
	now, err := scan.FStatNow(shared.fd)
	if err == nil && shared.leased && !shared.knocked() && now.Ctime-now.Mtime > int64(coarsest) {
		s.known = now
	}
}

// provide makes the copy if there is none yet, or none that looks as one of this inode
// would.
func (s *separation) provide(ctx context.Context, at place, shared *handle) *refusal {
	if s.fresh != nil {
		fits, err := s.fits(shared)
		if err != nil {
			return refused(err) // else names of one old inode would part
		}
		if fits {
			return nil
		}
		if r := s.end(); r != nil {
			return r
		}
	}
	if r := s.make(ctx, at, shared); r != nil {
		return r
	}
	s.known, s.takes = shared.stat, s.fresh.stat.Allocated
	return nil
}

// isEdited reports whether another content is what stands in the way, and nothing has to be told of besides.
func (r *refusal) isEdited() bool { return r != nil && r.kind == Skipped && r.reason == ReasonEdited }

// orAlone has a file of another content by now count as one of its own where no further
// name shares it: there is nothing to part it from. Network filesystems and FUSE may tell of
// one link where there are more.
func (s *separation) orAlone(dir int, shared *handle, r *refusal) *refusal {
	if r.isEdited() && s.target == "" && shared.stat.Links == 1 && !scan.Remote(dir) && !scan.OnFUSE(dir) {
		return skip(ReasonOwnCopy)
	}
	return r
}

// exchange puts the copy in the place of the shared file, and the directory's mtime back.
func (s *separation) exchange(sw *swap, lock *sync.Mutex) *refusal {
	lock.Lock()
	defer lock.Unlock()
	before, err := scan.FStatNow(sw.dir)
	if err != nil {
		return refused(err)
	}
	if r := cmp.Or(stickyKeeps(&before, sw.prev), fixedKeeps(&before, sw.prev)); r != nil {
		return r
	}
	defer kernel.SetDirMtime(sw.dir, &before)
	if r := sw.run(); r != nil {
		s.forgetNameless()
		return r
	}
	s.follow(sw.dir, sw.base)
	return nil
}

// follow opens the copy by the name that it has got. On FUSE it may have no further one
// otherwise: mergerfs knows a descriptor by the name that it was opened by, which is gone.
func (s *separation) follow(dir int, base string) {
	if scan.OnFUSE(dir) {
		s.fresh.handle.follow(dir, base)
	}
}

// forgetNameless closes a copy that leads nowhere: an inode that has lost its only
// name cannot get another.
func (s *separation) forgetNameless() {
	now, err := scan.FStatNow(s.fresh.fd)
	if err == nil && now.Links == 0 {
		s.close()
	}
}

// open proves that a name is what the run made of it. It returns what the name
// leads to, and the file to copy, which are two only for a symbolic link.
func (s *separation) open(dir int, path string, now scan.Stat) (old, shared *handle, r *refusal) {
	if s.target != "" {
		return s.openThrough(dir, baseOf(path))
	}
	if !s.keeper.have(now.Ino) || !now.IsRegular() {
		return nil, nil, skip(ReasonOwnCopy)
	}
	shared, r = openVerified(dir, baseOf(path), path, now)
	return shared, shared, r
}

// openThrough opens a symbolic link that says what it must, and the file that it
// leads to, wherever that is: what it holds is what counts.
func (s *separation) openThrough(dir int, base string) (old, shared *handle, r *refusal) {
	old, r = openSymbol(dir, base, s.target)
	if r != nil && r.err != nil {
		return nil, nil, goneOr(ReasonNameGone, r.err)
	}
	if r != nil {
		return nil, nil, skip(ReasonOwnCopy)
	}
	shared, r = openTarget(dir, s.target)
	if r != nil {
		old.close()
		return nil, nil, unreachable(r)
	}
	return old, shared, nil
}

// unreachable says that a symbolic link leads to nothing that could be copied.
func unreachable(r *refusal) *refusal {
	if r.reason == ReasonBusy || r.err != nil && goneOr(ReasonBroken, r.err).kind == Failed {
		return r // it may lead to a file
	}
	return &refusal{Failed, ReasonBroken, r.cause()}
}

// make makes the copy beside the place, where it must have a name at first.
func (s *separation) make(ctx context.Context, at place, shared *handle) *refusal {
	if r := s.foretell(ctx, shared); r != nil {
		return r
	}
	if err := s.dressFor(shared); err != nil {
		return refused(err)
	}
	home, err := kernel.Duplicate(at.dir)
	if err != nil {
		return refused(err)
	}
	first := place{dir: home, path: beside(at.path, unfinished(at.tmp)), lock: at.lock}
	fresh, r := copyOf(ctx, first, shared, s.look, s.want)
	if r != nil {
		kernel.Close(home)
		return r
	}
	s.hold(fresh, home, scan.Remote, scan.Hosted)
	return nil
}

// hold takes a copy that lies in a directory, and notes whether a swap beside it must have
// open nothing whose name goes: on network filesystems, and on 9p, where QEMU looks for a file
// by the name it was opened by. That has no files without a name, so that elsewhere the mounts
// need not be read.
func (s *separation) hold(fresh *copied, home int, remote, hosted func(dir int) bool) {
	s.fresh, s.home = fresh, home
	s.hides = remote(home) || fresh.stat.Links > 0 && hosted(home)
}

// foretell reads the shared inode before it is copied, where room is scarce.
func (s *separation) foretell(ctx context.Context, shared *handle) *refusal {
	if !s.scarce || s.want == nil {
		return nil
	}
	if r := hasContent(ctx, shared.fd, shared.stat.Size, *s.want); r.isEdited() {
		return r
	}
	return nil // what cannot be read is told by the copy
}

// fits reports whether the copy looks as one of this inode would. Names of one old inode
// may have gone to two, and somebody may have changed the second one only.
func (s *separation) fits(shared *handle) (bool, error) {
	if s.old == nil {
		return true, nil
	}
	look, _, err := s.lookSince(shared)
	return err == nil && sameLook(look, s.look), err
}

// dressFor decides what a copy of the shared inode shall look like.
func (s *separation) dressFor(shared *handle) (err error) {
	if s.old == nil {
		s.look, err = lookOf(shared)
		return err
	}
	s.look, s.changed, err = s.lookSince(shared)
	return err
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
