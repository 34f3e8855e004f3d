package dedupe

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// swap makes one name lead to another inode with the same content: the keeper's
// in a replace, a copy of its own in an undo. The order is what keeps every byte
// (next and prev are called keeper and victim here):
//
//  1. keeper and victim are open, proved and leased (openVerified), the
//     keeper's data is on disk, the intent is in the journal
//  2. the keeper's descriptor gets the temporary name beside the victim's name,
//     or a symbolic link is made there that has been followed to the keeper
//  3. the victim is looked at once more: descriptor and name
//  4. the two names are exchanged in one step: the name never vanishes
//  5. what came out under the temporary name must be the victim, unchanged, its
//     lease unbroken; otherwise the names are exchanged back
//  6. only then the temporary name, by now the victim's, is removed
//
// A process that opens the victim for writing in the meantime waits in open(2)
// until our lease ends, so it finds its file back under its name. One that comes
// to a copy by its only name, the new one, waits as well, and the name stays.
type swap struct {
	next, prev *handle // the inode that the name will lead to, and the one that it leads to
	dir        int     // descriptor of the directory
	base       string
	tmp        string
	plain      bool // the filesystem has no exchange
	hides      bool // a name of an open file is moved aside when it goes, as on NFS (.nfs…)
	// copy is next where that is a fresh copy.
	copy *copied
	// behind is the file that prev leads to where prev is a symbolic link.
	behind *handle
	// symbol is set where next is a symbolic link: place makes it.
	symbol *symbol
	// xattrs is the digest of the old file's extended attributes as they were read, nil where a
	// change of them is not looked for: given up (--match), or on FUSE.
	xattrs *[16]byte
}

// run carries out steps 2 to 6. A refusal means that the name leads to what it
// led to before.
func (s *swap) run() *refusal {
	if r := s.place(); r != nil {
		return r
	}
	if r := s.lastLook(); r != nil {
		return s.discard(r)
	}
	if s.plain {
		return s.withoutExchange()
	}
	err := kernel.Exchange(s.dir, s.tmp, s.base)
	if kernel.ExchangeUnknown(err) {
		s.plain = true
		return s.withoutExchange()
	}
	if err != nil {
		return s.discard(refusedName(err, s.prev.fd, s.dir))
	}
	if r := s.cameOut(); r != nil {
		return s.back(r)
	}
	return s.removeOld(s.back)
}

// place is step 2.
func (s *swap) place() *refusal {
	if s.symbol != nil {
		return s.symbol.place(s)
	}
	if r := s.name(s.next, unix.AT_FDCWD, s.next.path, s.tmp); r != nil {
		return r
	}
	if s.copy == nil {
		return nil
	}
	if s.hides {
		s.copy.follow(s.dir, s.tmp)
	}
	// What still has the first name after a kill has never been at the user's (cleanCopy).
	if err := s.copy.unname(); err != nil {
		return s.discard(refusedName(err, s.dir))
	}
	return nil
}

// name gives an inode, which a path seen from a directory leads to, a temporary name, and proves
// that it leads there: some programs that make filesystems (FUSE) number each name by itself, or
// copy the file.
func (s *swap) name(h *handle, from int, path, base string) *refusal {
	if err := kernel.Link(h.fd, from, path, s.dir, base); err != nil {
		return refusedLink(err, h, s.dir, scan.OnFUSE(s.dir))
	}
	now, err := scan.StatAtNow(s.dir, base)
	if err != nil {
		return s.discardName(base, h, refused(err)) // it may be there, and only not to be seen
	}
	if now.ID == h.stat.ID {
		return nil
	}
	return s.unprovable(h, base, &now)
}

// unprovable removes a name that we have just made, but which does not show the inode's
// number. It goes if it is the same in all else.
func (s *swap) unprovable(h *handle, base string, now *scan.Stat) *refusal {
	var err error = errOtherNumber
	if is, e := scan.FStatNow(h.fd); e == nil {
		is.ID = now.ID
		if unchanged(now, &is) && now.Links == is.Links {
			err = kernel.Unlink(s.dir, base)
		}
		h.carry()
	}
	if err == nil {
		return skip(ReasonNumbers)
	}
	return skip(ReasonNumbers).leaves(base, err)
}

var errOtherNumber = errors.New("what was to be a link is something else")

// lastLook is step 3.
func (s *swap) lastLook() *refusal {
	if r := s.nextReady(); r != nil {
		return r
	}
	if r := s.prev.recheck(); r != nil {
		return r
	}
	if s.behind != nil {
		if r := s.behind.recheck(); r != nil {
			return r
		}
	}
	return s.inPlace()
}

// inPlace proves that the name leads to the old inode, by all that has not moved since the last
// look: FUSE filesystems made of several others may give two files one number.
func (s *swap) inPlace() *refusal {
	now, err := scan.StatAtNow(s.dir, s.base)
	if err != nil {
		return refused(err)
	}
	if !unchanged(&now, &s.prev.stat) {
		return skip(ReasonChanged)
	}
	return nil
}

// old is the file that writers found by the name until now.
func (s *swap) old() *handle {
	if s.behind != nil {
		return s.behind
	}
	return s.prev
}

// leadsTo proves that a name of a directory leads to the inode.
func leadsTo(dir int, base string, h *handle) *refusal {
	now, err := scan.StatAtNow(dir, base)
	if err != nil {
		return refused(err)
	}
	if now.ID != h.stat.ID {
		return skip(ReasonChanged)
	}
	return nil
}

// cameOut is step 5: the old inode must now be at the temporary name, untouched.
func (s *swap) cameOut() *refusal {
	if r := s.oldAside(); r != nil {
		return r
	}
	if s.behind != nil {
		if r := s.behind.carry(); r != nil {
			return r
		}
	}
	if r := s.redressed(); r != nil {
		return r
	}
	if s.symbol != nil {
		if r := s.symbol.reached(s.dir, s.symbol.target); r != nil {
			return r
		}
	}
	// Whoever came to the keeper since the exchange may have come through this
	// very name: going back would part it from its bytes. The next replace sees it.
	s.next.carry()
	if s.old().knocked() { // while all that was looked at
		return skip(ReasonBusy)
	}
	return nil
}

// redressed tells of extended attributes that somebody has set since they were read: the ctime,
// by which all looks before the exchange know of that, has moved with the names since the last.
func (s *swap) redressed() *refusal {
	if s.xattrs == nil {
		return nil
	}
	now, err := s.oldXattrs()
	if err != nil {
		return refused(err)
	}
	if now != *s.xattrs {
		return skip(ReasonChanged)
	}
	return nil
}

// oldXattrs reads them through the temporary name where the old file had to be let go.
func (s *swap) oldXattrs() ([16]byte, error) {
	if old := s.old(); old.fd >= 0 {
		return hash.XattrDigest(old.fd)
	}
	fd, err := kernel.Open(s.dir, s.tmp)
	if err != nil {
		return [16]byte{}, err
	}
	defer kernel.Close(fd)
	return hash.XattrDigest(fd)
}

// oldAside proves that the temporary name leads to the old inode, and that it is unchanged. A
// symbolic link is seen through the name: libfuse knows nothing of one whose first name has gone.
func (s *swap) oldAside() *refusal {
	now, err := scan.StatAtNow(s.dir, s.tmp)
	switch {
	case err != nil:
		return refused(err)
	case now.ID != s.prev.stat.ID:
		return skip(ReasonChanged)
	case s.behind != nil, s.prev.fd < 0:
		return s.prev.take(&now)
	}
	return s.prev.carry()
}

// nextReady takes over what a new link or name did to the keeper.
func (s *swap) nextReady() *refusal {
	if s.symbol != nil {
		return s.symbol.ready(s)
	}
	if r := s.next.carry(); r != nil {
		return lost(r)
	}
	return nil
}

// back undoes step 4, unless the writer that knocked has gone on to the keeper: then
// the new name stays, since what it writes belongs there. A signal may turn the writer
// around during each exchange (strayed), so we follow it until both are at one place.
func (s *swap) back(why *refusal) *refusal {
	for range mostTurns {
		taken := leadsTo(s.dir, s.tmp, s.prev) != nil // by a file that somebody had just put there
		if !taken && s.strayed() {
			return s.goOn()
		}
		if err := kernel.Exchange(s.dir, s.tmp, s.base); err != nil {
			return s.stuck(err)
		}
		isOurs := leadsTo(s.dir, s.tmp, s.next) == nil
		switch {
		case isOurs && taken:
			return s.yield(why)
		case isOurs && !s.strayed():
			s.prev.carry() // a late writer's changes are its own affair now
			return s.discard(s.misled(why))
		}
		if err := kernel.Exchange(s.dir, s.tmp, s.base); err != nil {
			return s.stuck(err)
		}
		if !isOurs { // somebody has put a file of theirs under the name: it belongs there
			break
		}
	}
	if s.strayed() {
		return s.goOn()
	}
	return s.stuck(why.cause())
}

// yield ends a way back that has left the name to a file which somebody had put there right
// before the exchange. A writer that has come to the keeper since may have come by that name.
func (s *swap) yield(why *refusal) *refusal {
	if s.visited() {
		return s.stuck(why.cause())
	}
	if s.strayed() {
		why = &refusal{Failed, ReasonBusy, errTwoWriters}
	}
	return s.discard(s.misled(why))
}

// misled tells of who came to the kept file while the name led there, before it went back.
func (s *swap) misled(why *refusal) *refusal {
	keeper := s.keeper()
	switch {
	case keeper.knocked() && kernel.WriterWaits(keeper.fd):
		return &refusal{Failed, ReasonBusy, errTwoWriters}
	case s.dressed(keeper), s.symbol != nil && s.dressed(s.next), s.annotated(keeper):
		return &refusal{Failed, ReasonChanged, errMisled}
	}
	return why
}

// errMisled: whether that was by this name or by one of the kept file's own, nobody can tell.
var errMisled = errors.New("in that instant the kept file was changed as well: what was set by this name may be there")

// dressed reports whether somebody has set mode, owner, group or mtime of what a name led to for
// a while. A rename may cut the mtime (encfs).
func (s *swap) dressed(h *handle) bool {
	now, err := scan.FStatNow(h.fd)
	return err == nil && (now.Mode != h.stat.Mode || now.UID != h.stat.UID || now.GID != h.stat.GID ||
		!s.plain && now.Mtime != h.stat.Mtime)
}

// annotated reports whether the keeper's extended attributes are not the victim's any more.
func (s *swap) annotated(keeper *handle) bool {
	if s.xattrs == nil || s.copy != nil {
		return false
	}
	now, err := hash.XattrDigest(keeper.fd)
	return err == nil && now != *s.xattrs
}

// keeper is the file that writers find by the new name.
func (s *swap) keeper() *handle {
	if s.symbol != nil {
		return s.symbol.keeper
	}
	return s.next
}

// mostTurns bounds how often back follows a writer: each turn takes a signal to it
// within some microseconds, twice.
const mostTurns = 16

// strayed reports whether the writer that knocked at the victim has come to the
// keeper instead. An open(2) that waits for a lease begins anew when a signal
// comes (SA_RESTART, signal(7)): then it has looked the name up once more, after
// the exchange, and what it writes must stay under that name.
func (s *swap) strayed() bool {
	if s.visited() {
		return true
	}
	return s.keeper().knocked() && !kernel.WriterWaits(s.old().fd)
}

// visited reports whether somebody has come to an inode that has no name but the
// one in hand, as a copy has: waits for it, or has changed it where there are no
// leases. Whoever waits for the victim as well, the name must not be taken from it.
func (s *swap) visited() bool {
	return s.next.carry() != nil && s.isOnlyName()
}

// isOnlyName reports whether the name in hand is the only one of the new inode.
func (s *swap) isOnlyName() bool { return s.symbol == nil && s.next.stat.Links == 1 }

// goOn finishes a replace that has exchanged the names, though a writer knocked,
// unless the victim was changed, or the writer waits for it and would lose its last name,
// or the temporary name does not lead to the victim.
func (s *swap) goOn() *refusal {
	waits := s.old().knocked() && kernel.WriterWaits(s.old().fd)
	r := s.prev.carry()
	if r == nil && s.behind != nil {
		r = s.behind.carry()
	}
	switch {
	case leadsTo(s.dir, s.tmp, s.prev) != nil, s.redressed() != nil:
		return s.stuck(errors.New(ReasonChanged))
	case r != nil && r.reason != ReasonBusy:
		return s.stuck(errors.New(r.reason))
	case waits && s.behind == nil && s.prev.stat.Links == 1:
		return s.stuck(errors.New(ReasonBusy))
	}
	if err := kernel.Unlink(s.dir, s.tmp); err != nil {
		return s.stuck(err)
	}
	s.prev.carry()
	if waits {
		return &refusal{Failed, ReasonBusy, errTwoWriters}
	}
	return nil
}

// errTwoWriters: one of them waits for the victim, by whichever of its names, or has put a
// file in its place, and one has come to the keeper, so that a name for both cannot be had.
var errTwoWriters = errors.New("by two programs at once: what one of them wrote may be under other names only")

// stuck reports a temporary name that nobody but the user may judge. What the name
// itself leads to is not sure either: an undo looks at it.
func (s *swap) stuck(err error) *refusal {
	return &refusal{Failed, ReasonSystem, &stuckError{err, s.tmp}}
}

// discard removes the temporary name while it leads to the keeper, which has
// other names, and passes on why. That a name of ours stays is a failure, whatever the
// reason was.
func (s *swap) discard(why *refusal) *refusal {
	return s.discardName(s.tmp, s.next, why)
}

func (s *swap) discardName(base string, h *handle, why *refusal) *refusal {
	if err := s.removeOurs(base, h); err != nil {
		return why.leaves(base, err)
	}
	return why
}

// removeOurs removes a name that leads to the inode; one that cannot be looked at (a directory
// that was closed) stays.
func (s *swap) removeOurs(base string, h *handle) error {
	r := leadsTo(s.dir, base, h)
	if r == nil {
		defer h.carry()
		return kernel.Unlink(s.dir, base)
	}
	if errors.Is(r.err, syscall.ENOENT) {
		return nil
	}
	return r.err
}

// removeOld is step 6. If the temporary name cannot be removed, the old file goes back.
func (s *swap) removeOld(back func(*refusal) *refusal) *refusal {
	if err := kernel.Unlink(s.dir, s.tmp); err != nil {
		return back(refusedName(err, s.prev.fd, s.dir))
	}
	s.prev.carry() // the name that went moved the ctime of those that are left
	return nil
}

// withoutExchange does the same where names cannot be exchanged: a second name
// keeps the victim's inode reachable while rename(2) puts the keeper over the
// first one.
func (s *swap) withoutExchange() *refusal {
	second := spare(s.tmp)
	if r := s.name(s.prev, s.dir, s.base, second); r != nil {
		return s.discard(r)
	}
	if r := s.renameFresh(); r != nil {
		return s.discard(s.discardName(second, s.prev, r))
	}
	s.tmp = second
	if r := s.cameOut(); r != nil {
		return s.renameBack(r)
	}
	return s.removeOld(s.renameBack)
}

// renameFresh puts the keeper over the victim's name.
func (s *swap) renameFresh() *refusal {
	if r := s.readyToRename(); r != nil {
		return r
	}
	if err := kernel.RenameOver(s.dir, s.tmp, s.base); err != nil {
		return refusedName(err, s.prev.fd, s.dir)
	}
	return nil
}

// readyToRename looks a last time: after rename(2) there is no way to see what
// it has replaced. A client that hides what is open would first move that aside, and the name
// were gone for a while: the second name keeps the inode.
func (s *swap) readyToRename() *refusal {
	if r := s.prev.carry(); r != nil {
		return r
	}
	if s.hides {
		s.prev.letGo()
	}
	return s.inPlace()
}

// renameBack puts the victim's inode over its name again, unless somebody has
// put a file of theirs there.
func (s *swap) renameBack(why *refusal) *refusal {
	if leadsTo(s.dir, s.base, s.next) != nil {
		return s.stuck(why.cause())
	}
	if s.strayed() {
		return s.goOn()
	}
	fresh := spare(s.tmp) // without it a copy would lose its only name, and a late writer its bytes
	isOnly := s.isOnlyName()
	if isOnly {
		if r := s.name(s.next, s.dir, s.base, fresh); r != nil {
			return s.stuck(r.cause())
		}
	}
	if err := kernel.RenameOver(s.dir, s.tmp, s.base); err != nil {
		if isOnly && s.removeOurs(fresh, s.next) != nil {
			err = &staysError{err, fresh}
		}
		return s.stuck(err)
	}
	s.tmp = fresh
	if isOnly && s.visited() {
		return s.stuck(errors.New(ReasonBusy))
	}
	return s.discard(s.misled(why))
}
