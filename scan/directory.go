package scan

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// walker reads one directory after the other. Everything in it belongs to one
// goroutine.
type walker struct {
	*scanner
	writer
	lister
	at        place
	kids      []task
	batches   []*batch // of the directory at work, that others may deal with
	leftovers []Leftover
	symlinks  []symlink
	aliases   []alias
	mounted   []Stat
	binds     []bind
	stat      Stat
	path      pathBuffer
	tally     tally // of names with one link, and of directories
	met       int64 // files, and their bytes, since tellMet
	metBytes  int64
}

// place is the directory at work.
type place struct {
	task
	fd     int
	id     ID
	domain domainKey
	root   uint32
	holder *holder // nil: no PATH names a file in it
	stands []stand // for files of other domains
	found  bool    // what one of its names leads to: it may be searched, not only listed
	domainInfo
}

// stand is a stand-in for the directory at work.
type stand struct {
	domain domainKey
	dir    Dir
}

// alias says that a directory which holds given files was met by the walk.
type alias struct{ holds, met Dir }

func newWalker(s *scanner) *walker {
	return &walker{scanner: s, writer: writer{names: &s.tree.names, dirs: &s.tree.dirs}}
}

// work reads directories until none is left.
func (w *walker) work() {
	for {
		t, ok := w.queue.pop()
		if !ok {
			return
		}
		w.kids = w.kids[:0]
		if t.batch != nil {
			w.deal(t.batch)
		} else {
			w.visit(t)
		}
		w.queue.done(w.kids)
	}
}

// visit reads one directory. What it holds is in w.kids afterwards.
func (w *walker) visit(t task) {
	fd, err := w.openTask(t)
	told := err != nil && w.isGivenDir(t)
	t.parent.drop()
	if err != nil {
		if !told {
			w.skipDir(t.dir, "open", err)
		}
		return
	}
	if !w.enter(t, fd) {
		unix.Close(fd)
		return
	}
	w.list()
	w.letGo()
}

// letGo gives the open directory to its waiting children, or closes it if there are none or
// too many directories are open already.
func (w *walker) letGo() {
	var h *handle
	if len(w.kids) > 0 {
		h = newHandle(w.at.fd, len(w.kids), &w.handles, w.most)
	}
	for i := range w.kids {
		w.kids[i].parent = h
	}
	if h == nil {
		unix.Close(w.at.fd)
	}
}

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// openTask opens a directory for reading.
func (w *walker) openTask(t task) (int, error) {
	return quietly(func(quiet int) (int, error) { return w.openFrom(t, dirFlags|quiet) })
}

// quietly opens something for reading, its access time untouched if the kernel allows it:
// that is asked for each, since each may have another owner.
func quietly(open func(quiet int) (int, error)) (int, error) {
	fd, err := open(quietFlag)
	if err == unix.EPERM {
		return open(0)
	}
	return fd, err
}

// isGivenDir reports whether a directory that cannot be read is a PATH too: that one
// tells of it, and overlapping PATHs count once.
func (w *walker) isGivenDir(t task) bool {
	rec := w.tree.dir(t.dir)
	if rec.kind == dirRoot {
		return false
	}
	fd, err := w.openFrom(t, pathFlags)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	st, err := FStat(fd)
	return err == nil && w.given.dirs[st.ID] != nil
}

func (w *walker) openFrom(t task, flags int) (int, error) {
	if t.parent == nil {
		return w.tree.openBelow(t.dir, nil, flags)
	}
	name := nameAt(&w.tree.names, w.tree.dir(t.dir).name)
	return beneath.Open(t.parent.fd, name, flags)
}

// enter makes the directory on fd the one at work, or tells why it is left out.
func (w *walker) enter(t task, fd int) bool {
	st, err := FStat(fd)
	if err != nil {
		w.skipDir(t.dir, "stat", err)
		return false
	}
	rec := w.tree.dir(t.dir)
	if rec.kind != dirRoot && !w.mayEnter(t, rec.root, &st) {
		return false
	}
	info, err := w.domains.lookup(st.domain(), fd)
	if err != nil {
		w.fail(err)
		return false
	}
	if info.virtual {
		w.skip(t.dir, nil, ReasonVirtual, nil)
		return false
	}
	rec.domain, rec.fixed = info.number, st.IsFixed()
	w.at = place{task: t, fd: fd, id: st.ID, domain: st.domain(), root: rec.root, stands: w.at.stands[:0], domainInfo: info}
	w.meetHolder()
	return true
}

// mayEnter decides about a directory that is not a root itself.
func (w *walker) mayEnter(t task, root uint32, st *Stat) bool {
	if g := w.given.dirs[st.ID]; g != nil {
		w.meetRoot(root, g)
		w.meetAgain(g.dir, w.tree.RealDir(t.dir))
		return false
	}
	own := w.given.own[root]
	if w.opts.OneFilesystem && st.Dev != own.dev {
		w.skip(t.dir, nil, ReasonOtherMount, nil)
		return false
	}
	if !w.crossing && st.Mount != own.mount {
		w.putOff(t)
		return false
	}
	if first, isNew := w.visited.claim(st.ID, t.dir); !isNew {
		w.meetAgain(first, w.tree.RealDir(t.dir))
		w.skip(t.dir, nil, ReasonSeen, nil)
		return false
	}
	return true
}

// list goes through the entries of the directory at work, of a large one with others' help.
func (w *walker) list() {
	whole := w.lister.begin(w.at.fd)
	defer w.lister.end()
	if w.isMarked(whole) {
		return
	}
	w.startPath()
	for more := true; more && !w.halted.Load(); more = w.lister.more(w.at.fd) {
		if whole || !w.handOver() {
			w.entries()
		}
	}
	w.takeBack()
	if w.lister.err != nil {
		w.skipDir(w.at.dir, "read", w.lister.err)
		return
	}
	rec := w.tree.dir(w.at.dir)
	w.tally.of(amountKey{rec.root, rec.domain}).Directories++
	if w.opts.OnDir != nil {
		w.opts.OnDir()
	}
}

// entries goes through those in the buffer.
func (w *walker) entries() {
	for e, ok := w.lister.next(); ok && !w.halted.Load(); e, ok = w.lister.next() {
		w.entry(e)
	}
	w.tellMet()
}

// subdir queues a directory of the directory at work.
func (w *walker) subdir(name []byte) {
	if w.opts.Depth > 0 && int(w.at.depth)+1 >= w.opts.Depth {
		return
	}
	if !w.opts.Filter.empty() && !w.opts.Filter.takesDir(w.path.subject(name)) {
		return
	}
	d, err := w.addNamedDir(dirRecord{parent: uint32(w.at.dir), root: w.at.root}, name)
	if err != nil {
		w.fail(err)
		return
	}
	w.kids = append(w.kids, task{dir: d, depth: w.at.depth + 1})
}

// skipDir tells that a directory could not be read. One that is gone, or has
// become something else, vanished, unless the user gave it: then there is no answer.
func (w *walker) skipDir(d Dir, op string, err error) {
	reason := ReasonUnreadableDir
	if isGone(err) && w.tree.dir(d).kind != dirRoot {
		reason = ReasonVanished
	}
	w.skip(d, nil, reason, &fs.PathError{Op: op, Err: err})
}

// isGone reports that a name which a listing gave does not lead to the same
// kind of thing any more. ESTALE is the word of network filesystems.
func isGone(err error) bool {
	switch err {
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.ESTALE:
		return true
	}
	return false
}

// skip tells about a directory, or an entry of it. A path that vanished is no
// error: that happens in every tree that is in use.
func (w *walker) skip(d Dir, name []byte, reason string, trouble *fs.PathError) {
	if w.opts.OnSkip == nil {
		return
	}
	skip := Skip{Path: string(w.tree.appendEntry(nil, d, name)), Reason: reason}
	if trouble != nil && reason != ReasonVanished {
		trouble.Path = skip.Path
		skip.Err = trouble
	}
	w.opts.OnSkip(skip)
}
