package dedupe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// settled is the age at which a temporary name without a journal here may be
// taken for a leftover: a replace takes milliseconds.
const settled = 10 * time.Minute

// Cleaned tells what became of one leftover.
type Cleaned struct {
	Path   string
	Reason string // "" = removed; otherwise why it stays
	Err    error
}

// Reasons for a leftover that stays.
const (
	ReasonForeign = "looks like a temporary name of oneinode, but no journal here explains it"
	ReasonLive    = "belongs to a run that is still at work"
	ReasonKept    = "the file that it stood beside has changed since"
)

// Nobody but the user can tell what is to stay, so that it is told of each night, with what can be done.
var (
	errKept = errors.New("compare the two, then remove one")
	errLone = errors.New("it is gone: rename the leftover, or remove it")
)

// Clean removes the temporary names that killed runs left in the tree. A name
// goes only when it is certainly ours and nothing is lost with it: the journal
// of its run tells of it, and the file that it stood beside has the same bytes;
// or it is but another name of an inode that the scan met. A replace that was
// killed while a writer waited is taken back instead. Beside a file that was given as
// PATH only the names that the journal tells of it go: the others there are not asked about.
func Clean(ctx context.Context, tree *scan.Tree, stateDir string, tell func(Cleaned)) {
	leftovers, beside := tree.Leftovers(), tree.Beside()
	if len(leftovers)+len(beside) == 0 {
		return
	}
	c := &cleaner{tree: tree, wanted: map[string]*origin{}}
	for _, l := range slices.Concat(leftovers, beside) {
		c.wanted[l.Base] = nil
	}
	c.readJournals(stateDir)
	c.findOthers(leftovers)
	for _, l := range slices.Concat(leftovers, slices.DeleteFunc(beside, c.isNoGiven)) {
		reason, err := c.clean(ctx, &l)
		switch {
		case reason == ReasonKept && errors.Is(err, syscall.ENOENT):
			err = errLone
		case reason == ReasonKept:
			err = cmp.Or(err, errKept)
		}
		tell(Cleaned{string(tree.AppendDirPath(nil, l.Dir)) + "/" + l.Base, reason, err})
	}
}

// isNoGiven reports whether a temporary name in a directory that was not walked is none
// of a file that was given.
func (c *cleaner) isNoGiven(l scan.Leftover) bool {
	o := c.wanted[l.Base]
	return o == nil || !c.tree.Gives(l.Dir, o.base)
}

type cleaner struct {
	tree   *scan.Tree
	wanted map[string]*origin // by temporary name
	others map[scan.ID]bool   // inodes of leftovers that have another name in the tree
}

// origin is what a journal says of a temporary name.
type origin struct {
	live      bool
	base      string // the name that it stood beside
	directory uint64 // inode number
	keeper    uint64
	old       uint64
	digest    string // of the content that both had
	target    string // what a symbolic link of the run says, else ""
	isCopy    bool   // the name is that of a copy in the making
}

// names are the temporary names that one in the journal accounts for.
func (o *origin) names(tmp string) map[string]*origin {
	made := *o
	made.isCopy = true
	return map[string]*origin{tmp: o, spare(tmp): o, unfinished(tmp): &made}
}

// readJournals finds what the journals say of the leftovers.
func (c *cleaner) readJournals(stateDir string) {
	runs := map[string]bool{}
	for base := range c.wanted {
		runs[scan.TemporaryRun(base)] = true
	}
	journals, _ := journal.List(stateDir) // one that cannot be read explains nothing
	for _, j := range journals {
		if runs[TemporaryRun(j.Info.Run)] {
			c.readJournal(j)
		}
	}
}

func (c *cleaner) readJournal(j *journal.Journal) {
	var set journal.Set
	var old journal.Old
	bySeq := map[int64]*origin{}
	for r, err := range j.Records() {
		switch {
		case err != nil:
			return
		case r.Set != nil:
			set = *r.Set
		case r.Old != nil:
			old = *r.Old
		case r.Replace != nil:
			o := &origin{
				live: j.Info.Live, base: baseOf(string(r.Replace.Path)),
				directory: r.Replace.DirInode, keeper: set.Keeper, old: old.Inode, digest: set.Digest,
				target: string(r.Replace.Target),
			}
			if before := bySeq[r.Replace.Seq]; before != nil {
				o.old = before.old // announced again, elsewhere
			}
			c.explain(r.Replace.Temporary, o)
			bySeq[r.Replace.Seq] = o
		case r.Undo != nil && bySeq[r.Undo.Seq] != nil:
			c.explain(r.Undo.Temporary, bySeq[r.Undo.Seq])
		}
	}
}

// explain notes the origin of a temporary name and of those made out of it.
func (c *cleaner) explain(tmp string, o *origin) {
	if tmp == "" {
		return // a reflink needs none
	}
	for name, o := range o.names(tmp) {
		if _, asked := c.wanted[name]; asked {
			c.wanted[name] = o
		}
	}
}

func baseOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// findOthers looks for other names of the leftovers' inodes in the tree.
func (c *cleaner) findOthers(leftovers []scan.Leftover) {
	if len(leftovers) == 0 {
		return
	}
	c.others = map[scan.ID]bool{}
	for _, l := range leftovers {
		c.others[l.Stat.ID] = false
	}
	for n := range scan.Name(c.tree.Len()) {
		id := c.tree.ID(n)
		if _, asked := c.others[id]; asked {
			c.others[id] = true
		}
	}
}

// clean deals with one leftover. "" means that it is gone.
func (c *cleaner) clean(ctx context.Context, l *scan.Leftover) (reason string, err error) {
	o := c.wanted[l.Base]
	if o != nil && o.live {
		return ReasonLive, nil
	}
	dir, err := c.tree.OpenDir(l.Dir)
	if err != nil {
		return ReasonSystem, err
	}
	defer kernel.Close(dir)
	before, err := scan.FStatNow(dir)
	if err != nil {
		return ReasonSystem, err
	}
	defer kernel.SetDirMtime(dir, &before)
	if o == nil || o.directory != before.Ino {
		return c.cleanAlias(dir, l, time.Now().Add(-settled), ReasonForeign, nil)
	}
	reason, err = cleanKnown(ctx, dir, l.Base, o)
	if reason == ReasonKept && l.Stat.Ino == o.keeper && stillHolds(ctx, dir, l.Base, o.digest) {
		return c.cleanAlias(dir, l, time.Now(), reason, err)
	}
	return reason, err
}

// stillHolds reports whether an entry has the content of the digest: then nobody who meant
// the file beside it has written to this one.
func stillHolds(ctx context.Context, dir int, base, digest string) bool {
	h, r := openNow(dir, base)
	if r != nil {
		return false
	}
	defer h.close()
	return h.holds(ctx, digest)
}

// cleanAlias removes a leftover whose inode has another name in the tree, and has been at rest since
// then: nothing but the name goes. Any other stays, for the reason given.
func (c *cleaner) cleanAlias(dir int, l *scan.Leftover, since time.Time, reason string, why error) (string, error) {
	now, err := scan.StatAtNow(dir, l.Base)
	if err != nil {
		return ReasonSystem, err
	}
	if !c.isAlias(&now, l, since) {
		return reason, why
	}
	return removeLeftover(dir, l.Base)
}

// isAlias reports whether a leftover, as it is now, is but another name of an inode
// that the scan met, and has been that since then.
func (c *cleaner) isAlias(now *scan.Stat, l *scan.Leftover, since time.Time) bool {
	return now.ID == l.Stat.ID && now.Links > 1 && c.others[now.ID] && now.Ctime <= since.UnixNano()
}

// cleanKnown compares a leftover with the file that it stood beside.
func cleanKnown(ctx context.Context, dir int, tmp string, o *origin) (string, error) {
	if o.isCopy {
		return cleanCopy(dir, tmp, o)
	}
	if o.target != "" {
		if done, reason, err := cleanSymbol(ctx, dir, tmp, o); done {
			return reason, err
		}
	}
	old, r := openNow(dir, tmp)
	if r != nil {
		return r.reason, r.err
	}
	defer old.close()
	beside, r := openNow(dir, o.base)
	switch {
	case r != nil && r.reason == ReasonBusy:
		return r.reason, nil
	case r != nil:
		return ReasonKept, r.err
	}
	defer beside.close()
	if old.stat.ID == beside.stat.ID || sameContent(ctx, old, beside) {
		return removeLeftover(dir, tmp)
	}
	if old.stat.Ino == o.old && beside.stat.Ino == o.keeper && beside.stat.Links > 1 && beside.holds(ctx, o.digest) {
		return giveBack(dir, tmp, o.base, beside)
	}
	if old.knocked() || beside.knocked() {
		return ReasonBusy, nil
	}
	return ReasonKept, nil
}

// cleanCopy removes what a kill has left of a copy, finished or not: it loses this
// name before it gets the user's (swap.place), so that nobody has written to it by that.
func cleanCopy(dir int, base string, o *origin) (string, error) {
	tmp, r := openNow(dir, base)
	if r != nil {
		return r.reason, r.err
	}
	defer tmp.close()
	if tmp.stat.Ino == o.keeper || !madeHere(dir, base, &tmp.stat) {
		return ReasonKept, nil
	}
	return removeLeftover(dir, base)
}

// removeLeftover says "" for a name that is gone, and why it stays where we may not remove it.
func removeLeftover(dir int, base string) (string, error) {
	if err := kernel.Unlink(dir, base); err != nil {
		return refusedName(err, dir).reason, err
	}
	return "", nil
}

// madeHere proves that an inode has no names but those that a copy gets before the
// user's. Its number tells nothing: it may be that of an inode that a run removed.
func madeHere(dir int, base string, st *scan.Stat) bool {
	if st.Links == 1 {
		return true
	}
	second, err := scan.StatAtNow(dir, finished(base))
	return err == nil && st.Links == 2 && second.ID == st.ID
}

// holds reports whether the content is still that of the digest: if somebody has
// written to the keeper as well, nobody but the user knows which of the two
// files the name is for.
func (h *handle) holds(ctx context.Context, digest string) bool {
	want, err := hash.ParseDigest(digest)
	return err == nil && hasContent(ctx, h.fd, h.stat.Size, want) == nil && h.recheck() == nil
}

// sameContent compares two files while nobody can write to them.
func sameContent(ctx context.Context, a, b *handle) bool {
	return a.stat.Size == b.stat.Size && compare(ctx, a, b) == nil && !a.knocked() && !b.knocked()
}

// giveBack gives the name back to the file that a writer has changed since the run was
// killed, and removes what is then but another name of the keeper, or a symbolic link. Where names
// cannot be exchanged both stay.
func giveBack(dir int, tmp, base string, fresh *handle) (string, error) {
	switch err := kernel.Exchange(dir, tmp, base); {
	case kernel.ExchangeUnknown(err):
		return ReasonKept, nil
	case err != nil:
		return ReasonKept, err
	}
	if leadsTo(dir, tmp, fresh) != nil {
		return ReasonKept, kernel.Exchange(dir, tmp, base)
	}
	return removeLeftover(dir, tmp)
}

// openNow opens an entry as it is now, under a lease.
func openNow(dir int, base string) (*handle, *refusal) {
	now, err := scan.StatAtNow(dir, base)
	if err != nil {
		return nil, refused(err)
	}
	if !now.IsRegular() {
		return nil, skip(ReasonChanged)
	}
	return openVerified(dir, base, base, now)
}

// sweep removes what the run or an earlier undo has left beside the names when
// it was killed or stuck.
func (t *taker) sweep(ctx context.Context, p *past) {
	for _, n := range p.names {
		names := n.tried
		if t.undo.journal.Info.End == nil || n.stuck {
			names = append(slices.Clone(names), n.Temporary)
		}
		if len(names) == 0 || ctx.Err() != nil {
			continue
		}
		if dir, r := t.undo.openDir(n); r == nil {
			t.sweepBeside(ctx, dir, n, p, names)
			kernel.Close(dir)
		}
	}
}

// sweepBeside deals with the leftovers beside one name by the rules of Clean.
func (t *taker) sweepBeside(ctx context.Context, dir int, n *pastName, p *past, names []string) {
	lock := t.lockOf(n)
	lock.Lock()
	defer lock.Unlock()
	before, err := scan.FStatNow(dir)
	if err != nil {
		return
	}
	defer kernel.SetDirMtime(dir, &before)
	o := &origin{base: baseOf(string(n.Path)), keeper: n.keeper[0], old: p.old.Inode, digest: p.set.Digest, target: string(n.Target)}
	for _, tmp := range names {
		for name, o := range o.names(tmp) {
			if _, err := scan.StatAtNow(dir, name); err == nil {
				cleanKnown(ctx, dir, name, o) // the next run tells of what it does not remove
			}
		}
	}
}
