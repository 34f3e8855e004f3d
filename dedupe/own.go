package dedupe

import (
	"context"
	"errors"
	"sync"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// copied is a fresh inode with the content of another.
type copied struct {
	handle
	dir   int         // where it was made
	lock  *sync.Mutex // of the times of dir
	named string      // the name it has had to get there, "" for none or no longer
}

// place is a name for a copy.
type place struct {
	dir  int
	path string
	tmp  string      // a free name beside it
	lock *sync.Mutex // of the times of dir
}

// unname takes the first name from a copy that had to have one.
func (c *copied) unname() error {
	if c.named == "" {
		return nil
	}
	err := kernel.Unlink(c.dir, c.named)
	if err == nil {
		c.named = ""
	}
	return err
}

// copyOf makes an inode with the content of src, dressed as look says, and on disk; where
// it must have a name it gets this one. want is the digest that the content must have (nil: any).
func copyOf(ctx context.Context, at place, src *handle, look *journal.Old, want *hash.Digest) (*copied, *refusal) {
	c, r := newCopy(at)
	if r != nil {
		return nil, r
	}
	if r := c.fill(ctx, src, look, want); r != nil {
		return nil, c.dropUnplaced(r)
	}
	return c, nil
}

// newCopy makes the inode; if it has to have a name, the directory's mtime is put back.
func newCopy(at place) (*copied, *refusal) {
	at.lock.Lock()
	defer at.lock.Unlock()
	before, err := scan.FStatNow(at.dir)
	if err != nil {
		return nil, refused(err)
	}
	named := baseOf(at.path)
	fd, hasName, err := kernel.CreateUnnamed(at.dir, named)
	if err != nil {
		return nil, refusedName(err, at.dir)
	}
	c := &copied{handle: handle{fd: fd, path: at.path}, dir: at.dir, lock: at.lock}
	if hasName {
		c.named = named
		kernel.SetDirMtime(at.dir, &before)
	}
	return c, nil
}

// dropUnplaced forgets a copy that has never got another name than its first. It passes on why, and
// tells of that name where it stays.
func (c *copied) dropUnplaced(why *refusal) *refusal {
	c.lock.Lock()
	defer c.lock.Unlock()
	if before, err := scan.FStatNow(c.dir); err == nil && c.named != "" {
		defer kernel.SetDirMtime(c.dir, &before)
	}
	err := c.unname()
	c.close()
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		why = why.leaves(c.named, err)
	}
	c.named = ""
	return why
}

func (c *copied) fill(ctx context.Context, src *handle, look *journal.Old, want *hash.Digest) *refusal {
	if kernel.Clone(c.fd, src.fd) != nil {
		if err := kernel.CopyData(c.fd, src.fd, src.stat.Size); err != nil {
			return refused(err)
		}
	}
	if r := c.guard(); r != nil {
		return r
	}
	if r := c.prove(ctx, src, want); r != nil {
		return r
	}
	if err := dress(c.fd, look); err != nil {
		return refusedDress(err)
	}
	if err := kernel.Sync(c.fd); err != nil {
		return refused(err)
	}
	now, err := scan.FStatNow(c.fd)
	if err != nil {
		return refused(err)
	}
	c.stat = now
	return nil
}

// guard exchanges the descriptor that the copy was written through, which would be in the
// way, for one with a lease: whoever comes to the copy by the name that it gets waits, and
// is seen before a way back leaves what it writes without a name.
func (c *copied) guard() *refusal {
	fd, err := kernel.OpenAgain(c.fd)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTSUP) {
		return nil // without /proc there is no lease to be had
	}
	if err != nil {
		return refused(err)
	}
	c.close()
	c.fd = fd
	if c.stat, err = scan.FStatNow(fd); err != nil {
		return refused(err)
	}
	return c.secure()
}

// prove reads the copy back: it must have the wanted digest, or else be the
// same as its source, which must not have moved.
func (c *copied) prove(ctx context.Context, src *handle, want *hash.Digest) *refusal {
	if want == nil {
		same, err := hash.SameBytes(ctx, src.fd, c.fd, src.stat.Size)
		if err != nil {
			return refused(err)
		}
		if !same {
			return skip(ReasonChanged)
		}
		return src.recheck()
	}
	if r := hasContent(ctx, c.fd, src.stat.Size, *want); r != nil {
		return r
	}
	return src.recheck()
}
