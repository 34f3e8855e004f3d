package scan

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// entry is what a listing says of a name.
type entry struct {
	name []byte
	kind kind
	ino  uint64 // 0: not told
}

type kind uint8

const (
	kindUnknown kind = iota
	kindRegular
	kindDir
	kindOther // symbolic links, devices, sockets, FIFOs
)

func kindOfMode(st *Stat) kind {
	switch {
	case st.IsRegular():
		return kindRegular
	case st.IsDir():
		return kindDir
	}
	return kindOther
}

// entry deals with one entry of the directory at work.
func (w *walker) entry(e entry) {
	if e.kind == kindUnknown && !w.learnKind(&e) {
		return
	}
	switch {
	case e.kind == kindDir:
		w.subdir(e.name)
	case w.at.holder != nil && w.isGiven(e.name):
	case isTemporary(e.name):
		w.leftover(e)
	case e.kind == kindRegular:
		w.file(e)
	case w.opts.Symlinks:
		w.symlink(e)
	}
}

// learnKind asks the inode where the filesystem's listing does not tell.
func (w *walker) learnKind(e *entry) bool {
	ok := w.describe(*e)
	e.kind = kindOfMode(&w.stat)
	return ok
}

// describe fills w.stat, or tells why it cannot.
func (w *walker) describe(e entry) bool {
	if w.at.found && w.recall(e) {
		return true
	}
	err := w.lister.stat(w.at.fd, e, &w.stat)
	if err == nil {
		w.at.found = true
		return true
	}
	reason := ReasonUnreadable
	if isGone(err) {
		reason = ReasonVanished
	}
	w.skip(w.at.dir, e.name, reason, &fs.PathError{Op: "stat", Err: err})
	return false
}

// file takes a regular file if it passes.
func (w *walker) file(e entry) {
	if !w.opts.Filter.empty() && !w.opts.Filter.takesFile(w.path.subject(e.name)) {
		return
	}
	if !w.describe(e) || !w.stat.IsRegular() || !w.fits(&w.stat) {
		return
	}
	if w.opts.Wanted != nil && !w.opts.Wanted(w.stat.ID) {
		return
	}
	if w.isYoung(&w.stat) {
		w.skip(w.at.dir, e.name, ReasonYoung, nil)
		return
	}
	d, ok := w.at.dir, true
	if w.stat.domain() != w.at.domain {
		d, ok = w.standIn(e.name, &w.stat)
	}
	if !ok {
		return
	}
	w.noteMounted(&w.stat, w.at.domain)
	w.take(d, e.name, &w.stat)
}

// noteMounted remembers a file that is mounted over a file of the directory: it
// may be met a second time though it has one link.
func (w *walker) noteMounted(st *Stat, directory domainKey) {
	if st.Mount != directory.mount && st.Links == 1 {
		w.mounted = append(w.mounted, *st)
	}
}

// fits decides by size.
func (s *scanner) fits(st *Stat) bool {
	return st.Size >= s.opts.MinSize && (s.opts.MaxSize <= 0 || st.Size <= s.opts.MaxSize)
}

// isYoung decides by the times of content and inode.
func (s *scanner) isYoung(st *Stat) bool {
	return s.cutoff && (st.Mtime > s.youngest || st.Ctime > s.youngest)
}

// take records a file.
func (w *walker) take(d Dir, name []byte, st *Stat) {
	at, err := w.addFile(name, st)
	if err != nil {
		w.fail(err)
		return
	}
	r := record{size: uint64(st.Size), ino: st.Ino, dir: uint32(d), name: at}
	if st.Links > 1 || w.at.unsure {
		r.dir |= sharedBit
		w.shared++
	} else {
		rec := w.tree.dir(d)
		w.tally.of(amountKey{rec.root, rec.domain}).inode(st.Size, st.Allocated, 1)
	}
	w.remember(st, w.addRecord(r))
	w.met++
	w.metBytes += st.Size
}

// tellMet passes on what was met since the last call. For each file alone that would
// take a thirtieth of the time of a walk: all walkers write to the same place.
func (w *walker) tellMet() {
	if w.opts.OnFiles != nil && w.met > 0 {
		w.opts.OnFiles(w.met, w.metBytes)
	}
	w.met, w.metBytes = 0, 0
}

// standIn returns a stand-in for the directory at work with the domain of one
// of its files: something is mounted over the file, or an overlay shows it from
// a layer with a device of its own.
func (w *walker) standIn(name []byte, st *Stat) (Dir, bool) {
	for _, s := range w.at.stands {
		if s.domain == st.domain() {
			return s.dir, true
		}
	}
	// With -x a file on another device is left out if it is on another mount,
	// too: an overlay's layers are one filesystem to the user.
	if w.opts.OneFilesystem && st.Dev != w.given.own[w.at.root].dev && (st.Mount == 0 || st.Mount != w.at.domain.mount) {
		w.skip(w.at.dir, name, ReasonOtherMount, nil)
		return 0, false
	}
	info, err := w.domainOf(w.at.fd, name, st)
	if err == nil && info.virtual {
		w.skip(w.at.dir, name, ReasonVirtual, nil)
		return 0, false
	}
	var d Dir
	if err == nil {
		d, err = w.addDir(dirRecord{parent: uint32(w.at.dir), root: w.at.root, domain: info.number, kind: dirMount})
	}
	if err != nil {
		w.fail(err)
		return 0, false
	}
	w.at.stands = append(w.at.stands, stand{st.domain(), d})
	return d, true
}

// domainOf looks up the domain of a file without reading it.
func (w *walker) domainOf(dirfd int, name []byte, st *Stat) (domainInfo, error) {
	if info, ok := w.domains.known(st.domain()); ok {
		return info, nil
	}
	fd, err := beneath.Open(dirfd, name, lookFlags)
	if err == nil {
		defer unix.Close(fd)
	}
	return w.domains.lookup(st.domain(), fd)
}

// leftover notes a temporary name.
func (w *walker) leftover(e entry) {
	st, err := StatAt(w.at.fd, string(e.name))
	if err == nil {
		w.leftovers = append(w.leftovers, Leftover{w.at.dir, string(e.name), st})
	}
}
