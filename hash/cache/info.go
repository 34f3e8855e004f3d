package cache

import (
	"errors"
	"io/fs"
	"os"
)

// Info describes a cache.
type Info struct {
	Path    string
	Bytes   int64 // of the file; 0 if there is none
	Entries int64
	Files   int64 // inodes that the entries speak of
	Oldest  Day   // the day since which some entry was not met
}

// Info reads the whole cache. A damaged one is set aside (DamagedError).
func (c *Cache) Info() (Info, error) {
	info := Info{Path: c.Path()}
	st, err := os.Lstat(c.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return info, nil
	}
	if err != nil {
		return info, err
	}
	info.Bytes = st.Size()
	var last Entry
	err = c.Each(func(e *Entry) {
		if info.Entries == 0 || e.FS != last.FS || e.Ino != last.Ino {
			info.Files++
		}
		if info.Entries == 0 || e.Seen < info.Oldest {
			info.Oldest = e.Seen
		}
		info.Entries++
		last = *e
	})
	return info, err
}
