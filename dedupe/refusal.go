package dedupe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
)

// refusal says why a name stays as it is; nil means that nothing is in the way.
type refusal struct {
	kind   Kind
	reason string
	err    error
}

// cause is the error, or the reason where there is none.
func (r *refusal) cause() error { return cmp.Or(r.err, errors.New(r.reason)) }

func skip(reason string) *refusal { return &refusal{kind: Skipped, reason: reason} }

// refused turns the error of a system call into an outcome: what others did meanwhile is a
// reason; what a user could mend is a failure. A read-only mount is a reason as well, but
// the plan knows of it: here it has become read-only during the run, as by an error of its disk.
func refused(err error) *refusal {
	return cmp.Or(refusedFor(err, errnoReasons), &refusal{Failed, ReasonSystem, err})
}

// failedAs is reason as a failure, unless the file is gone: FUSE filesystems that go by the path
// say ENOENT even of an open file (gocryptfs).
func failedAs(reason string, err error) *refusal {
	if errors.Is(err, syscall.ENOENT) {
		return refused(err)
	}
	return &refusal{Failed, reason, err}
}

type errnoReason struct {
	errno  syscall.Errno
	kind   Kind
	reason string
}

// errnoReasons follows open(2) and what all calls have in common.
var errnoReasons = []errnoReason{
	{syscall.EAGAIN, Skipped, ReasonBusy}, // somebody holds a write lease
	{syscall.ENOENT, Skipped, ReasonChanged},
	{syscall.ENXIO, Skipped, ReasonChanged},  // a socket in its place
	{syscall.EISDIR, Skipped, ReasonChanged}, // a directory in its place
	{syscall.ELOOP, Skipped, ReasonMoved},
	{syscall.ENOTDIR, Skipped, ReasonMoved},
	{syscall.EACCES, Failed, ReasonPermission},
	{syscall.EPERM, Failed, ReasonPermission},
	{syscall.EROFS, Failed, decide.ReasonReadOnly},
	{syscall.ENOSPC, Failed, ReasonFull},
	{syscall.EDQUOT, Failed, ReasonFull},
}

// refusedFor is nil where none of the reasons is that of err.
func refusedFor(err error, reasons []errnoReason) *refusal {
	for _, c := range reasons {
		if errors.Is(err, c.errno) {
			return &refusal{c.kind, c.reason, err}
		}
	}
	return nil
}

// nameReasons are what a filesystem cannot do, and which right is missing, in the words of link(2)
// and rename(2). Of other calls they say something else.
var nameReasons = []errnoReason{
	{syscall.EXDEV, Skipped, ReasonOtherMount},
	{syscall.EMLINK, Skipped, ReasonLinkLimit},
	{syscall.EOPNOTSUPP, Skipped, decide.ReasonNoLinks},
	{syscall.ENOSYS, Skipped, decide.ReasonNoLinks},
	{syscall.EOVERFLOW, Skipped, ReasonNoNumber}, // may_create and may_delete in the kernel
	{syscall.EACCES, Failed, decide.ReasonDirDenied},
}

// refusedName is refusedBy for a call that gives, moves or takes a name.
func refusedName(err error, fds ...int) *refusal {
	return cmp.Or(refusedFor(err, nameReasons), refusedBy(err, fds...))
}

// refusedSymlink is refused for symlink(2), which says EPERM where the filesystem
// has no symbolic links.
func refusedSymlink(err error, dir int) *refusal {
	if errors.Is(err, syscall.EPERM) && !kernel.Immutable(dir) {
		return &refusal{Skipped, decide.ReasonNoSymlinks, err}
	}
	return cmp.Or(refusedFor(err, symlinkReasons), refusedName(err, dir))
}

var symlinkReasons = []errnoReason{
	{syscall.ENAMETOOLONG, Skipped, decide.ReasonLongTarget},
	{syscall.EOPNOTSUPP, Skipped, decide.ReasonNoSymlinks},
	{syscall.ENOSYS, Skipped, decide.ReasonNoSymlinks},
}

// refusedOwner is refused for chown(2) of a symbolic link: not every filesystem knows of owners,
// and who lacks the right to give one can get it.
func refusedOwner(err error) *refusal {
	return cmp.Or(refusedFor(err, ownerReasons), refused(err))
}

var ownerReasons = []errnoReason{
	{syscall.EPERM, Failed, decide.ReasonLinkOwner},
	{syscall.EACCES, Failed, decide.ReasonLinkOwner},
	{syscall.EINVAL, Skipped, decide.ReasonLinkOwner},
	{syscall.EOPNOTSUPP, Skipped, decide.ReasonLinkOwner},
	{syscall.ENOSYS, Skipped, decide.ReasonLinkOwner},
	{syscall.EOVERFLOW, Skipped, decide.ReasonLinkOwner},
}

// refusedDress is refused for the calls that give a copy its looks. They take rights of their
// own, which no right to the path makes up for.
func refusedDress(err error) *refusal {
	r := refused(err)
	switch r.reason {
	case ReasonSystem:
		r.reason = ReasonUndressed
	case ReasonPermission:
		r.reason = ReasonNotOurs
	}
	return r
}

// refusedBy is refused for a call on these descriptors, which tells an
// immutable file (a wish of its owner) from a missing right.
func refusedBy(err error, fds ...int) *refusal {
	if !errors.Is(err, syscall.EPERM) {
		return refused(err)
	}
	if slices.ContainsFunc(fds, kernel.Immutable) {
		return &refusal{Skipped, ReasonImmutable, err}
	}
	return refused(err)
}

// refusedLink is refusedName for link(2), which says EPERM where a FUSE filesystem has no hard
// links, and where fs.protected_hardlinks keeps a user from those of others.
func refusedLink(err error, h *handle, dir int, fuse bool) *refusal {
	mayLink := us().uid == h.stat.UID || us().fowner
	if fuse && errors.Is(err, syscall.EPERM) && mayLink && !kernel.Immutable(h.fd) && !kernel.Immutable(dir) {
		return &refusal{Skipped, decide.ReasonNoLinks, err}
	}
	return refusedName(err, h.fd, dir)
}

// leaves is the refusal with a temporary name that could not be removed, beside one that is told already.
func (r *refusal) leaves(base string, err error) *refusal {
	if before, stays := r.err.(*staysError); stays {
		err = before
	}
	return &refusal{Failed, r.reason, &staysError{err, base}}
}

// namesOne reports whether the refusal tells of a temporary name, which somebody has to know of.
func (r *refusal) namesOne() bool {
	_, stays := errors.AsType[*staysError](r.err)
	_, stuck := errors.AsType[*stuckError](r.err)
	return stays || stuck
}

// staysError is why a temporary name could not be removed. It hides the system's error as
// stuckError does.
type staysError struct {
	err error
	tmp string
}

func (e *staysError) Error() string {
	return fmt.Sprintf("%v%s; the temporary name %q stays until the next run", e.err, orFixed(e.err), e.tmp)
}

// stuckError is a swap that could go neither on nor back. It hides the system's error,
// so that nobody tells of that alone: the user has to know of the name.
type stuckError struct {
	err error
	tmp string
}

func (e *stuckError) Error() string {
	return fmt.Sprintf("%v%s; another version of the file stays at %q", e.err, orFixed(e.err), e.tmp)
}

// orFixed says what an error may come from that is told without the hint of its kind.
func orFixed(err error) string {
	if errors.Is(err, syscall.EPERM) {
		return " (immutable or append-only?)"
	}
	return ""
}
