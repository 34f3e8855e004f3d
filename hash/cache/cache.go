package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Cache is a cache in a directory. It holds nothing open between calls and is
// safe for concurrent use, also by several processes.
type Cache struct{ dir string }

// In returns the cache in dir, which need not exist.
func In(dir string) *Cache { return &Cache{dir} }

const (
	fileName    = "digests"
	tempName    = "digests.new"
	damagedName = "digests.damaged"
	lockName    = "lock"
)

// files are those that a cache consists of. None is made before the lock.
func files() []string { return []string{fileName, tempName, damagedName} }

// refuseForeign keeps a directory as it is where files of somebody else have these names.
func (c *Cache) refuseForeign() error {
	if !slices.ContainsFunc(files(), c.has) || c.has(lockName) { // in this order: another run may begin one
		return nil
	}
	r, err := openReader(c.Path())
	if err == nil {
		r.close()
	}
	if err == nil || errors.Is(err, errVersion) {
		return nil
	}
	return fmt.Errorf("%s has files with the names of a digest cache that no run of oneinode made (move them, or name another directory)", c.dir)
}

func (c *Cache) path(name string) string { return filepath.Join(c.dir, name) }

// Path returns the file that holds the entries.
func (c *Cache) Path() string { return c.path(fileName) }

// DamagedError says that the cache was not intact and has been set aside.
type DamagedError struct {
	Path  string // what it was called
	Aside string // what it is called now
	Err   error  // what was wrong
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %v; it was renamed to %s and a new one is begun", e.Path, e.Err, e.Aside)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Each calls do for every entry, by filesystem, inode number and kind (Head comes first). The entry
// is good for that call only. A missing cache, or one of another version, has no
// entries. An error means that none of those that were given may be believed; a
// damaged cache is set aside (DamagedError).
func (c *Cache) Each(do func(*Entry)) error {
	return c.from(func(*reader) error { return nil }, func(e *Entry) bool {
		do(e)
		return true
	})
}

// Range is Each for the inodes of a filesystem from first to last. It reads
// little more than these.
func (c *Cache) Range(fs, first, last uint64, do func(*Entry)) error {
	return c.from(func(r *reader) error { return r.seek(fs, first) }, func(e *Entry) bool {
		if e.FS > fs || e.FS == fs && e.Ino > last {
			return false
		}
		if e.FS == fs && e.Ino >= first {
			do(e)
		}
		return true
	})
}

// from goes through the entries from where seek leads until do has enough.
func (c *Cache) from(seek func(*reader) error, do func(*Entry) bool) error {
	r, err := c.read()
	if r == nil {
		return err
	}
	defer r.close()
	if err := seek(r); err != nil {
		return fmt.Errorf("reading the digest cache: %w", err)
	}
	var e Entry
	for {
		ok, err := r.next(&e)
		if err != nil {
			return c.setAside(r.file, err)
		}
		if !ok || !do(&e) {
			return nil
		}
	}
}

// read opens the cache, nil if there is none to read.
func (c *Cache) read() (*reader, error) {
	r, err := openReader(c.Path())
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errVersion):
		return nil, nil
	}
	return nil, c.setAside(nil, err)
}

// setAside renames a damaged cache, unless another run has replaced it already.
func (c *Cache) setAside(f *os.File, err error) error {
	if !isDamage(err) {
		return fmt.Errorf("reading the digest cache: %w", err)
	}
	if err := c.refuseForeign(); err != nil {
		return err
	}
	if f != nil {
		mine, merr := f.Stat()
		now, nerr := os.Lstat(c.Path())
		if merr == nil && nerr == nil && !os.SameFile(mine, now) {
			return fmt.Errorf("reading the digest cache: %w, but it is replaced meanwhile", err)
		}
	}
	if rerr := os.Rename(c.Path(), c.path(damagedName)); rerr != nil {
		return fmt.Errorf("setting a damaged digest cache aside: %w", rerr)
	}
	return &DamagedError{c.Path(), c.path(damagedName), err}
}

// Update merges entries, sorted as Each gives them, into the cache: they replace
// older ones of their inode. fresh may be gone through twice. Until the new file
// is whole and on disk the old one stays. A DamagedError says that the old one
// was set aside and that the new one holds the fresh entries alone.
func (c *Cache) Update(fresh iter.Seq[Entry]) error {
	_, err := c.rewrite(fresh, func(*Entry) bool { return true })
	return err
}

// Move tells that an inode got a new ctime by a change that was not one of its
// content.
type Move struct {
	FS, Ino            uint64
	Mtime              int64 // ns; unchanged
	OldCtime, NewCtime int64
}

// Retime takes the entries of inodes along to their new ctime.
func (c *Cache) Retime(moves []Move) error {
	type id struct{ fs, ino uint64 }
	known := make(map[id]Move, len(moves))
	for _, m := range moves {
		known[id{m.FS, m.Ino}] = m
	}
	_, err := c.rewrite(nothing, func(e *Entry) bool {
		if m, ok := known[id{e.FS, e.Ino}]; ok && m.Mtime == e.Mtime && m.OldCtime == e.Ctime {
			e.Ctime = m.NewCtime
		}
		return true
	})
	return err
}

// Prune drops the entries that no run has met since a day, and returns how many.
func (c *Cache) Prune(before Day) (dropped int64, err error) {
	if !c.has(fileName) {
		return 0, nil
	}
	return c.rewrite(nothing, func(e *Entry) bool { return e.Seen >= before })
}

// Clear removes the cache, a damaged one that was set aside, and leftovers.
func (c *Cache) Clear() error {
	if !slices.ContainsFunc(files(), c.has) {
		return nil // nor is a lock made in what may be no directory of a cache
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range files() {
		if err := os.Remove(c.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (c *Cache) has(name string) bool {
	_, err := os.Lstat(c.path(name))
	return !errors.Is(err, fs.ErrNotExist)
}

func nothing(func(Entry) bool) {}

const (
	// lockTries and lockPause bound how long a writer waits for another, which
	// takes half a second for a million entries.
	lockTries = 300
	lockPause = 100 * time.Millisecond
)

// lock makes the directory and keeps other writers out until unlock.
func (c *Cache) lock() (unlock func(), err error) {
	if err := cmp.Or(os.MkdirAll(c.dir, 0o700), c.refuseForeign()); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(c.path(lockName), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for range lockTries {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			break
		}
		time.Sleep(lockPause)
	}
	if err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return func() { f.Close() }, nil
}
