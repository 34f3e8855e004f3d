package scan

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// checker looks at every PATH before anything is walked. It keeps the directory
// that holds the current one open: lists of files mostly go by directory.
type checker struct {
	*scanner
	w     *walker         // stores what is found
	holds string          // path of the open directory
	top   string          // Root.Top that led to it
	cut   bool            // an exclude leaves it out
	fd    int             // -1: none
	st    Stat            // of it
	marks map[ID]string   // of directories: why they, or one above, are left out; "" if they are not
	tops  map[string]bool // those of the tree
	errs  []error
}

// checkRoots finds out what each PATH is, and records the files among them. The
// error joins a RootError for each PATH that cannot be used. It stops early when
// ctx ends.
func (s *scanner) checkRoots(ctx context.Context) error {
	roots := s.tree.roots
	s.tree.clean = make([]string, len(roots))
	s.tree.protected = make([]bool, len(roots))
	s.given = givenRoots{dirs: map[ID]*givenDir{}, holders: map[ID]*holder{}, files: map[fileKey]uint32{}, own: map[uint32]domainKey{}}
	s.given.cwd, _ = os.Getwd()
	c := &checker{scanner: s, w: s.walkers[0], fd: -1, marks: map[ID]string{}, tops: map[string]bool{}}
	defer c.leave()
	for i := range roots {
		if ctx.Err() != nil {
			return nil
		}
		s.tree.protected[i] = roots[i].Protected
		if err := c.check(uint32(i)); err != nil {
			c.errs = append(c.errs, err)
		}
	}
	s.protectBelow()
	return errors.Join(c.errs...)
}

// check looks at one PATH.
func (c *checker) check(root uint32) error {
	given := c.tree.roots[root].Path
	if given == "" {
		return &RootError{Path: `""`, Err: unix.ENOENT, Hint: "a PATH must not be empty"}
	}
	clean := CleanPath(given)
	c.tree.clean[root] = clean
	err := c.take(root, given, clean)
	if err == nil {
		return nil
	}
	if c.tree.roots[root].Listed {
		c.leaveOut(root, err)
		return nil
	}
	if told, ok := errors.AsType[*RootError](err); ok {
		told.Path = given
		return told
	}
	return &RootError{Path: given, Err: err}
}

// take finds out what a PATH is, and notes it as that.
func (c *checker) take(root uint32, given, clean string) error {
	if asksForDirectory(given) {
		fd, err := openFollowing(given)
		return c.opened(root, fd, err, clean)
	}
	dir, base := SplitPath(clean)
	if err := c.turnTo(dir, c.tree.roots[root].Top); err != nil {
		return err
	}
	st, err := statBase(c.fd, base)
	switch {
	case err != nil:
		return err
	case st.IsDir():
		fd, err := beneath.Open(c.fd, base, pathFlags)
		return c.opened(root, fd, err, clean)
	case st.IsRegular():
		return c.file(root, base, &st)
	case st.IsSymlink():
		return &RootError{Err: errRootSymlink, Hint: c.linkHint(given, base)}
	}
	return &RootError{Err: errRootSpecial, Hint: "give a directory or a regular file"}
}

// statBase is StatAt with the bare errno.
func statBase(dirfd int, base string) (Stat, error) {
	st, err := StatAt(dirfd, base)
	return st, errnoOf(err)
}

// errnoOf is the system's error alone.
func errnoOf(err error) error {
	if errno, ok := errors.AsType[unix.Errno](err); ok {
		return errno
	}
	return err
}

// linkHint says what to give instead of a symbolic link.
func (c *checker) linkHint(given, base string) string {
	buf := make([]byte, pathMax)
	n, err := unix.Readlinkat(c.fd, base, buf)
	if err != nil {
		return "give its target"
	}
	target := string(buf[:n])
	if !filepath.IsAbs(target) {
		target = filepath.Join(c.holds, target)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(c.fd, base, &st, 0); err != nil {
		return "its target " + target + " cannot be reached: " + err.Error()
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return "give the target, " + target + ", or " + given + "/"
	}
	return "give the target, " + target
}

// turnTo opens the directory that holds a PATH, if it is not the last one.
func (c *checker) turnTo(dir, top string) error {
	if c.fd >= 0 && dir == c.holds && top == c.top {
		return nil
	}
	c.leave()
	fd, err := openBelowTop(dir, top)
	if err != nil {
		return err
	}
	c.fd, c.holds, c.top, c.cut = fd, dir, top, c.isCut(dir, top)
	c.st, err = FStat(fd)
	return err
}

// isCut reports whether an exclude leaves out a directory as it was given, or one
// on the way to it: below a top, where there is one.
func (c *checker) isCut(dir, top string) bool {
	if c.opts.Filter.exclude.empty() {
		return false
	}
	for top = CleanPath(top); dir != top && dir != "." && dir != "/"; {
		parent, base := SplitPath(dir)
		if base != ".." && !c.opts.Filter.takesDir(c.subject(dir, base)) {
			return true
		}
		dir = parent
	}
	return false
}

// takes decides about a file by the path that was given.
func (c *checker) takes(clean, base string) bool {
	return c.opts.Filter.empty() || c.opts.Filter.takesFile(c.subject(clean, base))
}

// subject describes a given path to the filter.
func (c *checker) subject(clean, base string) subject {
	return subject{base, shownPath(clean), c.given.absolute(clean)}
}

func (c *checker) leave() {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

// opened is directory for one that is open for that alone, if it could be.
func (c *checker) opened(root uint32, fd int, err error, clean string) error {
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return c.directory(root, fd, clean)
}

// directory notes a directory given as PATH.
func (c *checker) directory(root uint32, fd int, clean string) error {
	st, info, err := c.placeOf(fd)
	if err != nil {
		return err
	}
	if r := &c.tree.roots[root]; r.Listed && c.isCut(clean, r.Top) {
		return nil
	}
	if g := c.given.dirs[st.ID]; g != nil {
		c.protect(g.root, c.tree.protected[root])
		c.w.meetAgain(g.dir, realPath(fd, clean))
		return nil
	}
	g := &givenDir{root: root}
	if g.dir, g.anchor, err = c.addAnchored(fd, st.ID, clean, dirRecord{root: root, domain: info.number, kind: dirRoot}); err != nil {
		return err
	}
	c.given.own[root] = st.domain()
	if mark := c.markedAbove(fd); mark != "" {
		g.begun = true
		c.w.skip(g.dir, nil, mark, nil)
	}
	c.noteTop(root, clean)
	c.given.dirs[st.ID] = g
	c.given.order = append(c.given.order, g)
	return nil
}

// addAnchored stores an open directory that paths begin with.
func (c *checker) addAnchored(fd int, id ID, path string, rec dirRecord) (d Dir, anchor uint32, err error) {
	at, err := c.tree.anchors.add(fd, id, path)
	if err != nil {
		return 0, 0, err
	}
	rec.parent = uint32(at)
	d, err = c.w.addDir(rec)
	return d, rec.parent, err
}

// noteTop notes where what a PATH leads to lies beneath.
func (c *checker) noteTop(root uint32, dir string) {
	if top := c.tree.roots[root].Top; top != "" {
		dir = CleanPath(top)
	}
	if !c.tops[dir] {
		c.tops[dir] = true
		c.tree.tops = append(c.tree.tops, dir)
	}
}

// placeOf describes an open directory and refuses virtual filesystems.
func (c *checker) placeOf(fd int) (Stat, domainInfo, error) {
	st, err := FStat(fd)
	if err != nil {
		return st, domainInfo{}, err
	}
	info, err := c.domains.lookup(st.domain(), fd)
	return st, info, cmp.Or(err, refuseVirtual(info))
}

func refuseVirtual(info domainInfo) error {
	if !info.virtual {
		return nil
	}
	return &RootError{Err: errRootVirtual, Hint: "its files are answers of the system, not stored data"}
}

// file notes a file given as PATH, and records it if it passes.
func (c *checker) file(root uint32, base string, st *Stat) error {
	if c.cut {
		return nil // another PATH may lead to it, by its walk
	}
	h, err := c.holder(root)
	if err != nil {
		return err
	}
	key := fileKey{h.number, base}
	if first, ok := c.given.files[key]; ok {
		c.protect(first, c.tree.protected[root])
		return nil
	}
	info, err := c.w.domainOf(c.fd, []byte(base), st)
	if err = cmp.Or(err, refuseVirtual(info)); err != nil {
		return err
	}
	c.noteTop(root, c.holds)
	c.given.files[key] = root
	d, err := c.w.addDir(dirRecord{parent: uint32(h.dir), root: root, domain: info.number, kind: dirFile})
	if err != nil {
		return err
	}
	c.w.at.unsure = info.unsure
	return c.admit(root, d, h, base, st)
}

// holder returns the open directory as one that holds given files.
func (c *checker) holder(root uint32) (*holder, error) {
	if h := c.given.holders[c.st.ID]; h != nil {
		return h, nil
	}
	_, info, err := c.placeOf(c.fd)
	if err != nil {
		return nil, err
	}
	h := &holder{number: uint32(len(c.given.holders)), domain: c.st.domain()}
	if h.dir, h.anchor, err = c.addAnchored(c.fd, c.st.ID, c.holds, dirRecord{root: root, domain: info.number, kind: dirHolds, fixed: c.st.IsFixed()}); err != nil {
		return nil, err
	}
	h.mark = c.markedFrom(c.fd)
	c.given.holders[c.st.ID] = h
	return h, nil
}

// admit records a given file that passes what a walked one must pass.
func (c *checker) admit(root uint32, d Dir, h *holder, base string, st *Stat) error {
	if h.mark != "" {
		c.skip(root, h.mark, nil)
		return nil
	}
	if isTemporary(base) {
		full, err := StatAt(c.fd, base)
		c.w.leftovers = append(c.w.leftovers, Leftover{h.dir, base, full})
		return errnoOf(err)
	}
	if !c.takes(c.tree.clean[root], base) || !c.fits(st) {
		return nil
	}
	if c.isYoung(st) {
		c.skip(root, ReasonYoung, nil)
		return nil
	}
	c.w.noteMounted(st, c.st.domain())
	c.w.take(d, []byte(base), st)
	c.w.tellMet()
	return nil
}

// leaveOut tells of a listed PATH that cannot be used. What a walk would pass by, or find
// gone where an earlier one has met it, is left out by design.
func (c *checker) leaveOut(root uint32, err error) {
	told, isTold := errors.AsType[*RootError](err)
	switch isMet := c.tree.roots[root].Top != ""; {
	case isTold:
		c.skip(root, told.Err.Error(), nil)
	case isMet && err == unix.ELOOP:
		c.skip(root, ReasonBehindLink, nil)
	case isMet && isGone(err):
		c.skip(root, ReasonVanished, nil)
	default:
		c.skip(root, ReasonUnreadable, &fs.PathError{Op: "open", Path: c.tree.clean[root], Err: err})
	}
}

// skip tells that a PATH was left out: by design where there is no error.
func (c *checker) skip(root uint32, reason string, err error) {
	if c.opts.OnSkip != nil {
		c.opts.OnSkip(Skip{Path: c.tree.clean[root], Reason: reason, Err: err})
	}
}
