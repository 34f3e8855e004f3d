package dedupe

import (
	"errors"
	"strings"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// ReasonOtherView: the name does not become a symbolic link.
const ReasonOtherView = "the keeper's own directory, seen another way"

// pointer is the place that the symbolic links of a job lead to: a name of the
// keeper, and the directory that holds it.
type pointer struct {
	keeper *handle
	dir    int // descriptor
	dirID  scan.ID
	real   string // of the directory, as of the scan
	base   string
}

// openPlace opens the directory of the keeper's name, and has it on disk where
// that is not certain: the links may lie on a filesystem that is flushed sooner.
func (a *applier) openPlace(j *job) (r *refusal) {
	if j.pointer, r = a.openPointer(j); r != nil {
		return r
	}
	if !a.opts.Barrier.covers(a.res.Tree.Domain(j.keeper.Name), j.keeper.Ctime) {
		if err := syncName(j.pointer.dir, j.keeper.held.fd); err != nil && !a.flushless(j.keeper.Name, err) {
			return failedAs(ReasonNotFlushed, err)
		}
	}
	return nil
}

// syncName has a directory on disk; one that may not be read can only be flushed
// with its whole filesystem.
func syncName(dir, file int) error {
	if kernel.Sync(dir) == nil {
		return nil
	}
	return kernel.SyncFilesystem(file)
}

func (a *applier) openPointer(j *job) (*pointer, *refusal) {
	tree := a.res.Tree
	n := j.keeperName(tree)
	dir, err := tree.OpenDir(tree.Dir(n))
	if err != nil {
		return nil, refused(err)
	}
	p := &pointer{dir: dir, real: tree.RealDir(tree.Dir(n)), base: string(tree.Base(n)), keeper: j.keeper.held}
	now, err := scan.FStatNow(dir)
	if err != nil {
		p.close()
		return nil, refused(err)
	}
	p.dirID = now.ID
	return p, nil
}

func (p *pointer) close() { kernel.Close(p.dir) }

// stands proves that the keeper still is unchanged where the scan met it: within
// the PATHs, and not wherever its directory was moved to.
func (p *pointer) stands() *refusal {
	if r := isAt(p.dir, p.real); r != nil {
		return r
	}
	if r := leadsTo(p.dir, p.base, p.keeper); r != nil {
		return r
	}
	return p.keeper.recheck()
}

// errNoProc: nothing tells where a directory is. That says nothing of the directory.
var errNoProc = errors.New("symbolic links need /proc, which is not there")

// isAt proves that an open directory has this real path now. /proc tells paths of less than
// 4096 bytes only.
func isAt(dir int, path string) *refusal {
	real, err := kernel.RealPath(dir)
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return &refusal{Skipped, decide.ReasonLongTarget, err}
	}
	if err != nil {
		return &refusal{Failed, ReasonSystem, errNoProc}
	}
	if real != path {
		return skip(ReasonMoved)
	}
	return nil
}

// symbol is one symbolic link that is about to take a name's place.
type symbol struct {
	*pointer
	target string // what it says
	real   string // of the directory that it will lie in, as of the scan
}

// place makes the link under the temporary name, and proves by following it
// that it leads to the very keeper. The link's handle is the caller's, also with
// a refusal.
func (y *symbol) place(s *swap) *refusal {
	if r := isAt(s.dir, y.real); r != nil {
		return r
	}
	here, err := scan.FStatNow(s.dir)
	if err != nil {
		return refused(err)
	}
	if unfollowed(&here, &s.prev.stat) {
		return skip(decide.ReasonSticky)
	}
	if r := y.stands(); r != nil {
		return lost(r)
	}
	if err := kernel.Symlink(y.target, s.dir, s.tmp); err != nil {
		return refusedSymlink(err, s.dir)
	}
	h, r := openSymbol(s.dir, s.tmp, y.target)
	if r != nil {
		return s.unreadable(r, y.target)
	}
	s.next = h
	if r := y.settle(s, &here); r != nil {
		return s.discard(r)
	}
	return nil
}

// unreadable deals with a fresh link that does not say what it was made to say: one that
// says nothing (sshfs refuses targets that lead out of a directory) or has its slashes turned
// is removed, anything else is not ours to remove.
func (s *swap) unreadable(why *refusal, target string) *refusal {
	if why.err == nil && !s.turned(target) {
		return why
	}
	now, err := scan.StatAtNow(s.dir, s.tmp)
	if errors.Is(err, syscall.ENOENT) || err == nil && !now.IsSymlink() {
		return why // somebody has been at it
	}
	if err == nil {
		err = kernel.Unlink(s.dir, s.tmp)
	}
	if err != nil {
		return why.leaves(s.tmp, err)
	}
	if why.reason == ReasonSystem { // as in reached
		return why
	}
	return &refusal{Skipped, decide.ReasonNotReached, why.err}
}

// turned reports whether the fresh link says what it was made to say but for the way in which
// slashes lean: ntfs3 keeps targets as Windows writes them, where no name has a backslash.
func (s *swap) turned(target string) bool {
	text, err := kernel.ReadSymlink(s.dir, s.tmp)
	return err == nil && strings.ReplaceAll(text, `\`, "/") == strings.ReplaceAll(target, `\`, "/")
}

// unfollowed reports whether nobody but the owner of a link in this directory can
// follow it: sticky, open to all, and of another owner (protected_symlinks in
// proc_sys_fs(5)). That may be switched off now and on tomorrow.
func unfollowed(dir, file *scan.Stat) bool {
	return isStickyToAll(dir) && dir.UID != file.UID
}

func isStickyToAll(dir *scan.Stat) bool {
	const open = 0o1002 // S_ISVTX, S_IWOTH
	return dir.Mode&open == open
}

// settle proves where the fresh link leads, and gives it the victim's owner and
// mtime.
func (y *symbol) settle(s *swap, here *scan.Stat) *refusal {
	if r := y.reached(s.dir, s.tmp); r != nil {
		return r
	}
	if r := y.otherView(s, here); r != nil {
		return r
	}
	if err := kernel.DressSymlink(s.next.fd, &s.prev.stat); err != nil {
		return refusedOwner(err)
	}
	now, err := scan.FStatNow(s.next.fd)
	if err != nil {
		return refused(err)
	}
	s.next.stat, s.next.allocated = now, now.Allocated
	return nil
}

// reached proves that a path, looked up from a directory, leads to the keeper.
func (y *symbol) reached(dir int, path string) *refusal {
	now, err := statThrough(dir, path)
	if r := refused(err); err != nil && r.reason == ReasonSystem {
		return r // no descriptor left, as EMFILE: it says nothing of the way
	}
	if err != nil {
		return &refusal{Skipped, decide.ReasonNotReached, err}
	}
	if now.ID != y.keeper.stat.ID {
		return skip(decide.ReasonNotReached)
	}
	return nil
}

// statThrough describes what a path leads to from a directory.
func statThrough(dir int, path string) (scan.Stat, error) {
	fd, err := kernel.LookThrough(dir, path)
	if err != nil {
		return scan.Stat{}, err
	}
	defer kernel.Close(fd)
	return scan.FStatNow(fd)
}

// otherView finds out whether victim and keeper are but two views of one name,
// through overlayfs, a network or FUSE: then the link would lead to itself. The
// temporary name is fresh, so that no cache can know it: if it shows beside the
// keeper, both directories are one.
func (y *symbol) otherView(s *swap, here *scan.Stat) *refusal {
	if here.ID == y.dirID {
		return nil
	}
	if _, err := scan.StatAtNow(y.dir, s.tmp); err == nil {
		return skip(ReasonOtherView)
	}
	return nil
}

// ready is the last look before the exchange.
func (y *symbol) ready(s *swap) *refusal {
	if s.prev.stat.ID == y.keeper.stat.ID {
		return skip(ReasonOtherView)
	}
	if r := y.stands(); r != nil {
		return lost(r)
	}
	return s.next.recheck()
}

// closeSymbol closes the link that place has made and returns the bytes that it
// takes.
func (s *swap) closeSymbol(fsType string) int64 {
	if s.symbol == nil || s.next == nil {
		return 0
	}
	s.next.close()
	return decide.LinkTakes(fsType, s.next.allocated)
}

// openSymbol opens the link itself and proves that it says what ours does.
func openSymbol(dir int, base, target string) (*handle, *refusal) {
	fd, err := kernel.OpenSymlink(dir, base)
	if err != nil {
		return nil, refused(err)
	}
	h := &handle{fd: fd, path: base}
	now, err := scan.FStatNow(fd)
	if err == nil && now.IsSymlink() {
		var text string
		if text, err = kernel.ReadSymlink(fd, ""); err == nil && text == target {
			h.stat, h.allocated = now, now.Allocated
			return h, nil
		}
	}
	h.close()
	if err != nil {
		return nil, refused(err)
	}
	return nil, skip(ReasonChanged)
}

// openTarget opens the file that a path leads to from a directory, for reading
// and under a lease; nothing but a regular file is ever opened.
func openTarget(dir int, path string) (*handle, *refusal) {
	through, err := kernel.LookThrough(dir, path)
	if err != nil {
		return nil, refused(err)
	}
	defer kernel.Close(through)
	now, err := scan.FStatNow(through)
	if err != nil {
		return nil, refused(err)
	}
	if !now.IsRegular() {
		return nil, skip(ReasonChanged)
	}
	fd, err := kernel.OpenAgain(through)
	if err != nil {
		return nil, refused(err)
	}
	h := &handle{fd: fd, path: path, stat: now}
	if r := h.secure(); r != nil {
		h.close()
		return nil, r
	}
	return h, nil
}
