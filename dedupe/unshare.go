package dedupe

import (
	"context"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// Reasons for a file whose blocks stay shared.
const (
	ReasonReplaced  = "is another file now"
	ReasonOwnBlocks = "has blocks of its own already"
	ReasonInUse     = "open in another program"
	ReasonNoLease   = "cannot be kept from others meanwhile (not its owner, or no leases here)"
	ReasonTimes     = "somebody else's file, whose times this user may not put back"
	ReasonRights    = "setuid, setgid or with capabilities: writing to it could take those away"
	ReasonStays     = "the filesystem kept its blocks shared"
)

// unsharing gives an inode blocks of its own again, in place: inode, content and
// mtime stay. Where the kernel can do it, it does (FALLOC_FL_UNSHARE_RANGE: xfs);
// elsewhere every shared block is read and written back, and copy-on-write gives
// it a new place. A write lease keeps everybody else from the file meanwhile, so
// that no change can come between the two; a file that anybody has open is left.
// To be killed or to lose power in between loses nothing: old and new block hold
// the same bytes. Only the mtime could be that of the writing; it is in the
// journal, and the next undo puts it back.
type unsharing struct {
	fd     int
	before scan.Stat // with the times that it is to have in the end
	list   []extents.Extent
}

// unshare takes back what a run has done to one inode. It returns the bytes that
// the file has for itself now.
func (t *taker) unshare(ctx context.Context, p *past, n *pastName) (bytes int64, r *refusal) {
	dir, r := t.undo.openDir(n)
	if r != nil {
		return 0, r
	}
	defer kernel.Close(dir)
	now, list, mtime, r := lookAtBlocks(ctx, dir, p, n)
	if r != nil {
		return 0, r
	}
	u := unsharing{before: now, list: list}
	return u.at(ctx, dir, baseOf(string(n.Path)), mtime)
}

// lookAtBlocks tells what a name is to have for itself, and with which mtime.
func lookAtBlocks(ctx context.Context, dir int, p *past, n *pastName) (now scan.Stat, list []extents.Extent, mtime int64, r *refusal) {
	base := baseOf(string(n.Path))
	if now, list, r = lookAtShared(dir, base, p.old.Inode); r != nil {
		return now, nil, 0, p.orGone(r)
	}
	mtime, stopped := mtimeBefore(ctx, dir, base, p, n, &now)
	if extents.SharedBytes(list) == 0 && !stopped {
		r = skip(ReasonOwnBlocks)
	}
	return now, list, mtime, r
}

// orGone has a name whose file was removed or replaced count as one that needs nothing, as
// where hard links were made, unless the file had further names.
func (p *past) orGone(r *refusal) *refusal {
	if r.reason == ReasonReplaced && p.old.Links <= 1 {
		return &refusal{Skipped, ReasonOwnCopy, r.err}
	}
	return r
}

// at does it for the inode at base, if that still is as before, and leaves it with that mtime.
func (u *unsharing) at(ctx context.Context, dir int, base string, mtime int64) (bytes int64, r *refusal) {
	if u.fd, r = openAlone(dir, base, &u.before); r != nil {
		return 0, r
	}
	defer kernel.Close(u.fd)
	u.before.Mtime = mtime
	return u.run(ctx)
}

// lookAtShared opens the inode as it is now and reads where it lies.
func lookAtShared(dir int, base string, inode uint64) (now scan.Stat, list []extents.Extent, r *refusal) {
	now, err := scan.StatAtNow(dir, base)
	if err != nil {
		return now, nil, goneOr(ReasonReplaced, err)
	}
	if now.Ino != inode || !now.IsRegular() {
		return now, nil, skip(ReasonReplaced)
	}
	fd, err := kernel.Open(dir, base)
	if err != nil {
		return now, nil, refused(err)
	}
	defer kernel.Close(fd)
	if r := keepsRights(fd, &now); r != nil {
		return now, nil, r
	}
	if list, err = extents.ReadAll(fd, extents.Flushed, nil); err != nil && !kernel.IsTmpfs(fd) { // where nothing is shared
		return now, nil, refused(err)
	}
	return now, list, nil
}

// keepsRights refuses files whose rights a write takes away (file_remove_privs in
// the kernel): set-id bits, except from root, and capabilities from everybody.
func keepsRights(fd int, now *scan.Stat) *refusal {
	if now.Mode&scan.SetIDs != 0 {
		return skip(ReasonRights)
	}
	switch _, err := unix.Fgetxattr(fd, "security.capability", nil); err { // others may not be known here
	case kernel.NoAttribute, unix.ENOTSUP:
		return nil
	case nil:
		return skip(ReasonRights)
	default:
		return refused(err)
	}
}

// mtimeBefore returns the mtime that the file is to have in the end, and whether
// an earlier undo was killed at it: then its own is of no worth, as long as
// nobody has changed the content, or set the mtime: a write moves it with the ctime, and
// touch(1) the atime, too, which an undo leaves alone.
func mtimeBefore(ctx context.Context, dir int, base string, p *past, n *pastName, now *scan.Stat) (mtime int64, stopped bool) {
	if !n.halfway || p.old.Mtime == now.Mtime || now.Mtime != now.Ctime || now.Mtime == now.Atime {
		return now.Mtime, false
	}
	moved, err := contentMoved(ctx, dir, base, p.set)
	if err != nil || moved {
		return now.Mtime, false
	}
	return p.old.Mtime, true
}

// openAlone opens the file for writing while nobody else has it open.
func openAlone(dir int, base string, want *scan.Stat) (int, *refusal) {
	fd, err := kernel.OpenForWriting(dir, base)
	switch {
	case errors.Is(err, syscall.ETXTBSY):
		return -1, skip(ReasonInUse)
	case err != nil:
		return -1, refused(err)
	}
	r := secureAlone(fd, want)
	if r != nil {
		kernel.Close(fd)
	}
	return fd, r
}

func secureAlone(fd int, want *scan.Stat) *refusal {
	switch kernel.TakeWriteLease(fd) {
	case kernel.LeaseBusy:
		return skip(ReasonInUse)
	case kernel.LeaseMissing:
		return skip(ReasonNoLease)
	}
	if !us().owns(want.UID, want.GID) {
		return skip(ReasonTimes)
	}
	now, err := scan.FStatNow(fd)
	if err != nil {
		return refused(err)
	}
	if !unchanged(&now, want) {
		return skip(ReasonChanged)
	}
	return nil
}

// run separates, puts the times back, and has all on disk.
func (u *unsharing) run(ctx context.Context) (int64, *refusal) {
	shared := extents.SharedBytes(u.list)
	why := u.separate(ctx)
	if err := kernel.SetTimes(u.fd, u.before.Atime, u.before.Mtime); err != nil && why == nil {
		why = refused(err)
	}
	if err := kernel.Sync(u.fd); err != nil && why == nil {
		why = refused(err)
	}
	list, err := extents.ReadAll(u.fd, extents.Flushed, nil)
	if err != nil {
		return 0, refused(err)
	}
	left := extents.SharedBytes(list)
	if why == nil && left > 0 {
		why = skip(ReasonStays)
	}
	return max(0, shared-left), why
}

// separate goes through the shared extents.
func (u *unsharing) separate(ctx context.Context) *refusal {
	for _, e := range u.list {
		if e.Flags&extents.Shared == 0 {
			continue
		}
		for at, end := e.Logical, min(e.Logical+e.Length, u.before.Size); at < end; {
			if r := u.mayGoOn(ctx); r != nil {
				return r
			}
			n := min(shareStep, end-at)
			switch err := u.step(at, n); {
			case errors.Is(err, errKnock):
				return skip(ReasonInUse)
			case err != nil:
				return refused(err)
			}
			at += n
		}
	}
	return nil
}

func (u *unsharing) mayGoOn(ctx context.Context) *refusal {
	if ctx.Err() != nil {
		return &refusal{Skipped, ReasonInterrupted, ctx.Err()}
	}
	if !kernel.WriteLeaseUnbroken(u.fd) {
		return skip(ReasonInUse)
	}
	now, err := scan.FStatNow(u.fd)
	if err != nil {
		return refused(err)
	}
	return keepsRights(u.fd, &now) // a lease keeps nobody from giving it some
}

// unbroken ends a rewrite for which somebody waits.
func (u *unsharing) unbroken() error {
	if !kernel.WriteLeaseUnbroken(u.fd) {
		return errKnock
	}
	return nil
}

// step separates one range. On xfs each file takes 128 KiB at first, to be given
// back minutes later (the cowextsize hint), so thousands of small ones fill a disk
// that has room. Only a write makes xfs give that back before it says ENOSPC.
func (u *unsharing) step(at, length int64) error {
	err := kernel.UnshareRange(u.fd, at, length)
	for _, errno := range [...]syscall.Errno{syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.ENOSPC} {
		if errors.Is(err, errno) {
			return kernel.Rewrite(u.fd, at, length, u.unbroken)
		}
	}
	return err
}
