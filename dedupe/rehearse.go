package dedupe

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Rehearse tells what Run would do, and what the copies would take, by filesystem: it looks
// at every path and reads what they share, as Run does, and changes nothing. What only
// shows when it is tried is not known: room, and whether files that share blocks are in use.
func (u *Undo) Rehearse(ctx context.Context, opts UndoOptions) ([]Need, UndoTotals, error) {
	h := rehearsal{undo: u, opts: opts}
	err := u.pasts(func(p *past) bool {
		h.past(ctx, p)
		return ctx.Err() == nil
	})
	return h.sum.list(), h.totals, cmp.Or(err, ctx.Err())
}

type rehearsal struct {
	undo   *Undo
	opts   UndoOptions
	sum    needs
	totals UndoTotals
	last   content // names of one keeper come one after the other
	fitted map[outfit]*refusal
}

// outfit is what it depends on whether a copy can be given its looks.
type outfit struct {
	dir      scan.ID
	uid, gid uint32
	xattrs   string
}

// content is what was found out about a shared file.
type content struct {
	stat scan.Stat
	want hash.Digest
	r    *refusal
}

// past goes through the names of one old inode.
func (h *rehearsal) past(ctx context.Context, p *past) {
	for _, n := range p.names {
		r := h.name(ctx, p, n)
		if ctx.Err() != nil {
			return
		}
		if r == nil {
			h.undo.need(&h.sum, p, n)
		}
		h.report(n, p.orLost(r))
	}
}

// report counts and tells one name.
func (h *rehearsal) report(n *pastName, r *refusal) {
	out := n.outcome(0, r)
	h.totals.count(&out)
	if h.opts.OnPath != nil {
		h.opts.OnPath(out)
	}
}

// name finds out what would become of one name.
func (h *rehearsal) name(ctx context.Context, p *past, n *pastName) *refusal {
	dir, r := h.undo.openDir(n)
	if r != nil {
		return r
	}
	defer kernel.Close(dir)
	if isReflink(p.set) {
		return h.blocks(ctx, dir, p, n)
	}
	want, r := contentOf(p.set, p.old)
	if r != nil {
		return r
	}
	s := separation{old: p.old, want: want, was: n.was, keeper: n.own(), target: string(n.Target)}
	n.changed, r = h.separate(ctx, dir, &s, string(n.Path))
	return r
}

// blocks goes as far as unshare does before it opens the file for writing.
func (h *rehearsal) blocks(ctx context.Context, dir int, p *past, n *pastName) *refusal {
	now, _, _, r := lookAtBlocks(ctx, dir, p, n)
	if r != nil {
		return r
	}
	return mayRewrite(dir, baseOf(string(n.Path)), &now)
}

// mayRewrite asks for what unsharing needs of a file: to write to it, a lease, which is for the owner
// and root (fcntl(2)), and to set its times, which is for them, too (utimensat(2)).
func mayRewrite(dir int, base string, now *scan.Stat) *refusal {
	if err := scan.May(dir, base, unix.W_OK); err != nil {
		return refused(err)
	}
	switch {
	case !us().mayLease(now.UID):
		return skip(ReasonNoLease)
	case !us().owns(now.UID, now.GID):
		return skip(ReasonTimes)
	}
	return nil
}

// separate goes as far as separation.name does before it makes anything.
func (h *rehearsal) separate(ctx context.Context, dir int, s *separation, path string) (changed []string, r *refusal) {
	now, err := scan.StatAtNow(dir, baseOf(path))
	if err != nil {
		return nil, goneOr(ReasonNameGone, err)
	}
	old, shared, r := s.open(dir, path, now)
	if r != nil {
		return nil, r
	}
	defer old.close()
	defer shared.close()
	if err := s.dressFor(shared); err != nil {
		return nil, refused(err)
	}
	if err := scan.May(dir, ".", unix.W_OK|unix.X_OK); err != nil {
		return nil, refusedName(err)
	}
	if s.want != nil {
		if r := h.holds(ctx, shared, *s.want); r != nil {
			return nil, s.orAlone(dir, shared, r)
		}
	}
	if now, err = scan.FStatNow(dir); err != nil {
		return nil, refused(err)
	}
	return s.changed, cmp.Or(h.fits(dir, &now, s.look), stickyKeeps(&now, old), fixedKeeps(&now, old))
}

// fits reports what keeps a copy beside a name from its looks: once for each directory, which may
// hand its group on.
func (h *rehearsal) fits(dir int, now *scan.Stat, look *journal.Old) *refusal {
	key := outfit{now.ID, look.UID, look.GID, fmt.Sprint(look.Xattrs)}
	r, known := h.fitted[key]
	if !known {
		r = tryOn(dir, look)
		if h.fitted == nil {
			h.fitted = map[outfit]*refusal{}
		}
		h.fitted[key] = r
	}
	return r
}

// tryOn dresses a file that has no name, and shows nowhere: who may give which owner, group and
// attributes only the kernel knows, or a server. Where there are no such files, or no room for one,
// the run will tell.
func tryOn(dir int, look *journal.Old) *refusal {
	fd, err := kernel.OpenUnnamed(dir)
	if err != nil {
		return nil
	}
	defer kernel.Close(fd)
	err = dress(fd, look)
	if r := refusedDress(err); err != nil && r.reason != ReasonFull {
		return r
	}
	return nil
}

// holds reads a shared file, once for all its names: nobody makes a copy of another
// content. Writers need not wait for that, so it lets the lease go.
func (h *rehearsal) holds(ctx context.Context, shared *handle, want hash.Digest) *refusal {
	if l := &h.last; l.want == want && unchanged(&l.stat, &shared.stat) {
		return l.r
	}
	if fd, err := kernel.OpenAgain(shared.fd); err == nil {
		shared.close()
		shared.fd, shared.leased = fd, false
	}
	r := hasContent(ctx, shared.fd, shared.stat.Size, want)
	if r == nil {
		r = shared.recheck()
	}
	h.last = content{shared.stat, want, r}
	return r
}
