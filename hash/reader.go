package hash

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/hash/ring"
	"github.com/oneinode/oneinode/scan"
	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// reader opens and reads candidates, for one goroutine.
type reader struct {
	*search
	opener *scan.Opener
	hasher *blake3.Hasher
	// What a batch needs: the files that are open, their reads, and room for what they
	// hold, nil until it is asked for.
	visits []visit
	reads  []ring.Read
	buf    []byte
	young  []int // those of a batch that were put aside
	// What was read, decided and how large that is, since the last call of tell.
	bytes, decided, settled int64

	rings bool       // there may be a ring
	ring  *ring.Ring // nil until it is asked for
	// attrs is the last file's number in the table of attributes: neighbours
	// mostly agree, and the table has a lock.
	attrs      Attrs
	attrsIndex uint32
	attrsKnown bool
	// extents and key are room to describe where a file lies.
	extents []extents.Extent
	key     []byte
}

func (s *search) newReader() *reader {
	return &reader{search: s, opener: s.tree.NewOpener(), hasher: blake3.New(), rings: s.rings}
}

func (r *reader) close() {
	r.opener.Close()
	if r.ring != nil {
		r.ring.Close()
	}
}

// open opens a candidate and proves that it is the very file that the walk
// met; otherwise it tells why not and returns false. The caller closes fd.
func (r *reader) open(n scan.Name) (fd int, st scan.Stat, ok bool) {
	if fd, ok = r.openFile(n); !ok {
		return -1, st, false
	}
	if st, ok = r.identify(fd, n); !ok {
		unix.Close(fd)
		return -1, st, false
	}
	return fd, st, true
}

// openFile opens whatever has the name now.
func (r *reader) openFile(n scan.Name) (fd int, ok bool) {
	fd, err := r.opener.Open(n)
	if err != nil {
		r.skipOpen(n, err)
		return -1, false
	}
	return fd, true
}

// identify describes an open file, which must be the one that the walk met: a
// regular file with the same inode and size, and still with a name.
func (r *reader) identify(fd int, n scan.Name) (st scan.Stat, ok bool) {
	if st, ok = r.stat(fd, n); !ok {
		return st, false
	}
	if !st.IsRegular() || st.ID != r.tree.ID(n) || st.Size != r.tree.Size(n) || st.Links == 0 {
		r.skip(n, ReasonGone, nil)
		return st, false
	}
	return st, true
}

// stat describes an open file, or tells why it cannot.
func (r *reader) stat(fd int, n scan.Name) (st scan.Stat, ok bool) {
	st, err := scan.FStat(fd)
	if err != nil {
		r.skipError(n, scan.ReasonUnreadable, "fstat", err)
	}
	return st, err == nil
}

// unchanged reports whether an open file still is as the member's record says,
// and tells if not.
func (r *reader) unchanged(fd int, m *Member) bool {
	st, ok := r.stat(fd, m.Name)
	if !ok {
		return false
	}
	if facts := r.facts(m.Name); st.Size != r.tree.Size(m.Name) || !sameTimes(&st, &facts) {
		r.skip(m.Name, ReasonChanged, nil)
		return false
	}
	return true
}

// reopen opens a member whose record exists and proves that it has not changed
// since. The caller closes fd.
func (r *reader) reopen(m *Member) (fd int, st scan.Stat, ok bool) {
	if fd, st, ok = r.open(m.Name); !ok {
		return -1, st, false
	}
	if facts := r.facts(m.Name); !sameTimes(&st, &facts) {
		unix.Close(fd)
		r.skip(m.Name, ReasonChanged, nil)
		return -1, st, false
	}
	return fd, st, true
}

// Kernels stamp a change with the time of their last tick, up to 10 ms ago
// (HZ=100); kernels from 6.13 on look finer where it matters. Some filesystems,
// such as ext4 with inodes of 128 bytes, keep whole seconds. So a file that was
// changed just now may change once more and keep its ctime: such a file is read
// only when its stamp has become old enough to be told from the next one.
const (
	tick       = 20 * time.Millisecond
	coarseTick = time.Second + tick
)

// unsettled returns how long a change could still go unseen in ctime.
func unsettled(ctime int64, now time.Time) time.Duration {
	age := now.UnixNano() - ctime
	granularity := tick
	if ctime%int64(time.Second) == 0 {
		granularity = coarseTick
	}
	// A stamp in the future differs from that of any change made now.
	if age < 0 || age >= int64(granularity) {
		return 0
	}
	return granularity - time.Duration(age)
}

// settle waits until any change to come will show in ctime and returns the
// state after that; false if the file never rests or ctx has ended.
func (r *reader) settle(ctx context.Context, fd int, n scan.Name, st scan.Stat) (scan.Stat, bool) {
	wait := unsettled(st.Ctime, time.Now())
	if wait == 0 {
		return st, true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return st, false
	case <-timer.C:
	}
	again, ok := r.stat(fd, n)
	if !ok {
		return st, false
	}
	if again.Ctime != st.Ctime || again.Size != st.Size {
		r.skip(n, ReasonChanged, nil)
		return st, false
	}
	return again, true
}

// idleAge is how long after its last change a file may still be in the middle of
// it: a store through a mapping moves the times only once its page is clean again,
// and the kernel writes dirty pages back after half a minute, if it is not told
// otherwise (vm.dirty_expire_centisecs).
const idleAge = 10 * time.Minute

// mayBeWritten reports whether it matters who has a file open for writing: not if
// it has not changed for long, and a change in the future is one of now by another clock.
// A filesystem in memory tells of no store through a mapping.
func (r *reader) mayBeWritten(n scan.Name, ctime int64, now time.Time) bool {
	return !r.opts.Idle || ctime > now.Add(-idleAge).UnixNano() || r.tree.Filesystem(n).InMemory
}

// busy reports, and tells, whether the file is open for writing, where that matters; if not, it
// cannot be opened so before the descriptor is closed. One write(2)
// sets ctime when it begins and goes on copying for as long as it takes, a
// second for a gigabyte; a file read meanwhile has the same ctime before, during
// and after, on every filesystem tried (ext4, xfs, btrfs, tmpfs). A page that was
// mapped and dirtied before takes further stores without a new ctime, too. So
// ctime vouches for what is read only if there was no writer after the first
// look at it: every later one sets a later ctime.
func (r *reader) busy(fd int, n scan.Name, ctime int64, now time.Time) bool {
	if !r.mayBeWritten(n, ctime, now) || !openForWriting(fd) {
		return false
	}
	r.skip(n, ReasonBusy, nil)
	return true
}

// attrsOf returns the number of the open file's attributes. Extended attributes
// that cannot be read are told: the file will match nobody, nor will one with an ACL for
// somebody unknown.
func (r *reader) attrsOf(fd int, n scan.Name, st *scan.Stat) uint32 {
	a := Attrs{Mode: st.Mode, UID: st.UID, GID: st.GID, Immutable: st.Immutable, Append: st.Append, Verity: st.Verity}
	a.Far = scan.IsFar(st.Atime) || scan.IsFar(st.Mtime)
	if st.Encrypted {
		a.Encryption = digestXattrs([]xattr{{"policy", encryptionPolicy(fd)}})
	}
	var err error
	a.Xattrs, err = XattrDigest(fd)
	a.XattrsUnknown = err != nil
	if err != nil && err != errUnmapped { // that is no trouble, as with owners that are not mapped
		r.skipError(n, ReasonXattrs, "listxattr", err)
	}
	if !r.attrsKnown || a != r.attrs {
		r.attrs, r.attrsIndex, r.attrsKnown = a, r.table.intern(a), true
	}
	return r.attrsIndex
}

// goneErrors are what open gives, beside ENOENT, when the name no longer leads to the file
// of the walk: a directory on the way replaced by a file or a link, a link in its place, a
// socket.
var goneErrors = []error{unix.ENOTDIR, unix.ELOOP, unix.ENXIO}

func (r *reader) skipOpen(n scan.Name, err error) {
	switch {
	case errors.Is(err, unix.EAGAIN): // somebody holds a write lease: Samba, or the NFS server for a client
		r.skip(n, ReasonBusy, nil)
	case slices.ContainsFunc(goneErrors, func(gone error) bool { return errors.Is(err, gone) }):
		r.skip(n, ReasonGone, nil)
	default:
		r.skipError(n, scan.ReasonUnreadable, "open", err)
	}
}

// skipRead tells why the content of n could not be had.
func (r *reader) skipRead(n scan.Name, err error) {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case errors.Is(err, ErrShort):
		r.skip(n, ReasonChanged, nil)
	default:
		r.skipError(n, scan.ReasonUnreadable, "read", err)
	}
}

// skipError tells of a system call that failed, with the whole path. ESTALE is the word of
// network filesystems for a file that is gone, whatever is done to it, and ENOENT that of
// FUSE filesystems that go by the path even of an open file (gocryptfs).
func (r *reader) skipError(n scan.Name, reason, op string, err error) {
	if errors.Is(err, unix.ESTALE) || errors.Is(err, unix.ENOENT) {
		r.skip(n, ReasonGone, nil)
		return
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	r.skip(n, reason, &fs.PathError{Op: op, Path: r.tree.Path(n), Err: err})
}
