package cache

import (
	"cmp"
	"fmt"
	"iter"
	"os"
)

// rewrite writes a new file of the old entries that keep takes (it may change
// their times) and the fresh ones, and puts it in the place of the old file.
func (c *Cache) rewrite(fresh iter.Seq[Entry], keep func(*Entry) bool) (dropped int64, err error) {
	unlock, err := c.lock()
	if err != nil {
		return 0, fmt.Errorf("writing the digest cache: %w", err)
	}
	defer unlock()
	old, damage := c.read()
	if damage != nil && !wasSetAside(damage) {
		return 0, damage
	}
	dropped, err = c.replace(old, fresh, keep)
	if isDamage(err) {
		if damage = c.setAside(nil, err); wasSetAside(damage) {
			dropped, err = c.replace(nil, fresh, keep)
		}
	}
	if err != nil {
		return dropped, fmt.Errorf("writing the digest cache: %w", err)
	}
	return dropped, damage
}

func wasSetAside(err error) bool {
	_, ok := err.(*DamagedError)
	return ok
}

// replace writes the new file beside the old one and renames it.
func (c *Cache) replace(old *reader, fresh iter.Seq[Entry], keep func(*Entry) bool) (dropped int64, err error) {
	if old != nil {
		defer old.close()
	}
	w, err := create(c.path(tempName))
	if err != nil {
		return 0, err
	}
	m := merger{old: old, to: w, keep: keep}
	err = m.run(fresh)
	if err == nil {
		err = w.finish()
	}
	err = cmp.Or(err, w.file.Close())
	if err == nil {
		err = os.Rename(c.path(tempName), c.Path())
	}
	if err != nil {
		os.Remove(c.path(tempName)) // the room it takes may be what others lack
		return 0, err
	}
	return m.dropped, syncDir(c.dir)
}

// syncDir has a rename on disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// merger merges two sorted lists.
type merger struct {
	old     *reader // nil: none
	to      *writer
	keep    func(*Entry) bool
	at      Entry // the old entry that is next
	more    bool  // there is one
	last    Entry // the fresh one that came last
	begun   bool  // there was one
	dropped int64
}

func (m *merger) run(fresh iter.Seq[Entry]) (err error) {
	if err := m.advance(); err != nil {
		return err
	}
	for e := range fresh {
		if err = m.upTo(&e); err != nil {
			return err
		}
		m.last, m.begun = e, true
		if err = m.to.add(&e); err != nil {
			return err
		}
	}
	return m.upTo(nil)
}

// upTo takes the old entries that come before e, or all; the one in the place
// of e is left out.
func (m *merger) upTo(e *Entry) error {
	for m.more {
		order := -1
		if e != nil {
			order = m.at.compare(e)
		}
		if order > 0 {
			return nil
		}
		if order < 0 && !m.outdated(e) {
			if err := m.takeOld(); err != nil {
				return err
			}
		}
		if err := m.advance(); err != nil {
			return err
		}
	}
	return nil
}

// outdated: a fresh entry shows the inode in another state.
func (m *merger) outdated(e *Entry) bool {
	return e != nil && m.at.contradicts(e) || m.begun && m.at.contradicts(&m.last)
}

func (m *merger) takeOld() error {
	if !m.keep(&m.at) {
		m.dropped++
		return nil
	}
	return m.to.add(&m.at)
}

func (m *merger) advance() (err error) {
	m.more = false
	if m.old != nil {
		m.more, err = m.old.next(&m.at)
	}
	return err
}
