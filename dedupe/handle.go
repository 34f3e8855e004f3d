package dedupe

import (
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// handle is an inode that is held open, proved to be what was read, and leased
// where that is possible.
type handle struct {
	fd     int
	path   string    // that leads there, for systems that cannot link a descriptor (kernel.Link)
	stat   scan.Stat // what it must still be; our own links move ctime and links
	leased bool
	denied bool // since it is somebody else's

	allocated int64      // bytes, as last seen
	place     *placement // of a keeper of reflinks, once it was asked for
	unstay    func()     // takes it out of the page cache again, nil where it need not stay there
}

// expected is what an inode was when its content was read.
func expected(res *hash.Result, set *hash.Set, ip *decide.InodePlan) scan.Stat {
	a := res.Attrs(ip.Member)
	return scan.Stat{
		ID: res.Tree.ID(ip.Name), Size: set.Size, Allocated: ip.Allocated,
		Mode: a.Mode, UID: a.UID, GID: a.GID, Links: ip.Links, Mtime: ip.Mtime, Ctime: ip.Ctime,
	}
}

// openVerified opens an entry of dir, leases it, and proves afterwards, when no
// writer can come in unseen any more, that it is still what want says.
func openVerified(dir int, base, path string, want scan.Stat) (*handle, *refusal) {
	if now, err := scan.StatAtNow(dir, base); err != nil {
		return nil, refused(err)
	} else if !unchanged(&now, &want) {
		return nil, skip(ReasonChanged)
	}
	fd, err := kernel.Open(dir, base)
	if err != nil {
		return nil, refused(err)
	}
	h := &handle{fd: fd, path: path, stat: want}
	if r := h.secure(); r != nil {
		h.close()
		return nil, r
	}
	return h, nil
}

// openRenewed is openVerified of what has got another ctime by our own doing since it was
// known: whatever that is now counts.
func openRenewed(dir int, base, path string, want scan.Stat) (*handle, *refusal) {
	if now, err := scan.StatAtNow(dir, base); err == nil {
		want.Ctime = now.Ctime
	}
	return openVerified(dir, base, path, want)
}

func (h *handle) secure() *refusal {
	l := kernel.TakeLease(h.fd)
	if l == kernel.LeaseBusy {
		return skip(ReasonBusy)
	}
	h.leased, h.denied = l == kernel.LeaseHeld, l == kernel.LeaseDenied
	return h.recheck()
}

// recheck proves through the descriptor that the inode is what it was when it
// was last looked at, and that no writer waits to change that.
func (h *handle) recheck() *refusal {
	now, err := scan.FStatNow(h.fd)
	if err != nil {
		return refused(err)
	}
	return h.isStill(&now)
}

// isStill is recheck, once it is known what the inode is now.
func (h *handle) isStill(now *scan.Stat) *refusal {
	if !unchanged(now, &h.stat) {
		return skip(ReasonChanged)
	}
	if h.knocked() {
		return skip(ReasonBusy)
	}
	return nil
}

// carry takes over ctime and link count after a change that we made ourselves,
// and proves that nothing else has changed with it.
func (h *handle) carry() *refusal {
	now, err := scan.FStatNow(h.fd)
	if err != nil {
		return refused(err)
	}
	return h.take(&now)
}

// take is carry, once it is known what the inode is now.
func (h *handle) take(now *scan.Stat) *refusal {
	h.stat.Ctime, h.stat.Links, h.allocated = now.Ctime, now.Links, now.Allocated
	return h.isStill(now)
}

// knocked reports whether a writer waits for our lease to end.
func (h *handle) knocked() bool { return h.leased && !kernel.LeaseUnbroken(h.fd) }

// stay has the file read from the disk once, though it is compared with several others.
func (h *handle) stay() {
	if h.unstay == nil {
		h.unstay = hash.Stay(h.fd, h.stat.Size)
	}
}

// close may be called again.
func (h *handle) close() {
	if h.unstay != nil {
		h.unstay()
		h.unstay = nil
	}
	if h.fd >= 0 {
		kernel.Close(h.fd)
		h.fd = -1
	}
}

// letGo is close where the inode is known by its names from here on.
func (h *handle) letGo() {
	h.close()
	h.leased = false
}

// follow opens an inode by a name that it has got, rather than by that of before.
func (h *handle) follow(dir int, base string) {
	if now, r := openRenewed(dir, base, h.path, h.stat); r == nil {
		h.close()
		*h = *now
	}
}

// unchanged compares all that a change of content, owner or mode would move.
// The link count is left out: ctime moves with it.
func unchanged(a, b *scan.Stat) bool {
	return a.ID == b.ID && a.Size == b.Size && a.Mtime == b.Mtime && a.Ctime == b.Ctime &&
		a.Mode == b.Mode && a.UID == b.UID && a.GID == b.GID
}
