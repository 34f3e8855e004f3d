package dedupe

import (
	"cmp"
	"context"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash/extents"
)

// Reasons for files that do not come to share blocks.
const (
	ReasonNoReflinks = "filesystem without reflinks"
	ReasonCannot     = "the two cannot share blocks (one without copy-on-write, or encrypted otherwise)"
	ReasonSwap       = "in use as swap"
	ReasonSent       = "its snapshot is being sent"
	ReasonNoRoom     = "no space for metadata"
)

// shareStep is how many bytes one call compares and shares. The kernel keeps
// writers of both files waiting meanwhile, and btrfs took no more at a time
// before Linux 4.18.
const shareStep = 16 << 20

// share makes the victim's inode use the keeper's blocks (ioctl_fideduperange(2)):
// the kernel locks both, writes what is dirty, compares byte for byte, and only
// then gives the victim's range the keeper's blocks. Nothing else of either file
// moves, times included. It may stop between any two steps: what is shared until
// then has the content that it had.
//
// Freed are the bytes that nobody else used right before: so the last one that
// leaves a block frees it, whoever shared it until then.
func (a *applier) share(ctx context.Context, j *job, v *jobInode) (r *refusal) {
	before, r := a.extentsOf(v)
	if r != nil {
		return r
	}
	kept, r := a.placeOf(j.keeper)
	if r != nil {
		return lost(r)
	}
	if place, ok := placeKey(before); ok && place == kept {
		return skip(decide.HoldShared)
	}
	done, r := shareRanges(ctx, j.keeper.held, v.held)
	v.freed += ownBytes(before, done)
	return r
}

// placeOf tells where a keeper lies, the zero placement if that cannot be told. It
// is asked for each victim and does not move while others come to share it.
func (a *applier) placeOf(t *jobInode) (placement, *refusal) {
	if t.held.place == nil {
		list, r := a.extentsOf(t)
		if r != nil {
			return placement{}, r
		}
		place, _ := placeKey(list)
		t.held.place = &place
	}
	return *t.held.place, nil
}

// extentsOf reads where the content of an inode lies, what is dirty first flushed.
func (a *applier) extentsOf(t *jobInode) ([]extents.Extent, *refusal) {
	settled := a.opts.Barrier.covers(a.res.Tree.Domain(t.Name), t.Ctime)
	list, err := extents.ReadAll(t.held.fd, extents.Flush(!settled), nil)
	if err != nil {
		return nil, refusedToShare(err, t.held)
	}
	return written(list, t.held.stat.Size), nil
}

// shareRanges goes through the files and returns how many bytes from the start
// are shared.
func shareRanges(ctx context.Context, keeper, victim *handle) (done int64, r *refusal) {
	size := victim.stat.Size
	for done < size {
		switch {
		case ctx.Err() != nil:
			return done, &refusal{Skipped, ReasonInterrupted, ctx.Err()}
		case keeper.knocked():
			return done, lost(skip(ReasonBusy))
		case victim.knocked():
			return done, skip(ReasonBusy)
		}
		n, same, err := kernel.DedupeRange(keeper.fd, victim.fd, done, min(shareStep, size-done))
		switch {
		case err != nil:
			return done, refusedToShare(err, victim)
		case !same:
			return done, skip(ReasonDiffers)
		case n <= 0:
			return done, skip(ReasonCannot)
		}
		done += n
	}
	return done, nil
}

// ownBytes is how many bytes before end of the list nobody else uses. A block that end
// lies in counts whole: only the end of the file lies within one.
func ownBytes(list []extents.Extent, end int64) (sum int64) {
	for _, e := range list {
		if e.Logical >= end || e.Flags&(extents.Shared|extents.Inline) != 0 {
			continue
		}
		length := e.Length
		if beyond := e.Logical + e.Length - end; beyond >= blockAtMost {
			length -= beyond
		}
		sum += length
	}
	return sum
}

// blockAtMost is the biggest block that a filesystem has, 64 KiB: less than that
// behind the end of a file belongs to its last block.
const blockAtMost = 64 << 10

// refusedToShare follows ioctl_fideduperange(2) and what the filesystems answer.
func refusedToShare(err error, victim *handle) *refusal {
	return cmp.Or(refusedFor(err, shareReasons), refusedBy(err, victim.fd))
}

var shareReasons = []errnoReason{
	{syscall.EINVAL, Skipped, ReasonCannot},
	{syscall.ETXTBSY, Skipped, ReasonSwap},
	{syscall.EAGAIN, Skipped, ReasonSent},
	{syscall.EOPNOTSUPP, Skipped, ReasonNoReflinks},
	{syscall.ENOTTY, Skipped, ReasonNoReflinks},
	{syscall.ENOSYS, Skipped, ReasonNoReflinks},
	{syscall.ENOSPC, Failed, ReasonNoRoom},
	{syscall.EDQUOT, Failed, ReasonNoRoom},
}
