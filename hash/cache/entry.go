package cache

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// Kind says what the digest of an entry stands for. One inode may have an entry
// of kind Head, and one of kind Whole or Parted.
type Kind uint8

const (
	// Head: the digest is that of the file's beginning.
	Head Kind = iota
	// Whole: the digest is that of the whole content.
	Whole
	// Parted: the digest only numbers the content among files of the same size,
	// beginning and Epoch: those that have equal numbers are equal, all others differ.
	Parted
)

// Entry is what is known of one inode in one state.
type Entry struct {
	FS, Ino uint64 // FS: what the caller takes to identify a filesystem
	Kind    Kind
	Size    int64 // bytes
	Mtime   int64 // ns
	Ctime   int64
	Digest  [32]byte
	// Epoch names the comparison in which the file took part, 0 for none: all
	// files of equal size and beginning that share an epoch were compared with
	// each other. 40 bits are kept.
	Epoch uint64
	Seen  Day // when it was last met
}

// Day counts days since 1970 UTC.
type Day uint16

// DayOf returns the day of a time.
func DayOf(t time.Time) Day {
	return Day(max(0, t.Unix()/secondsPerDay))
}

const secondsPerDay = 24 * 60 * 60

// Time returns the beginning of the day.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// EpochMask covers the bits of an epoch that are kept.
const EpochMask = 1<<40 - 1

// compare is the order of the file.
func (e *Entry) compare(o *Entry) int {
	return cmp.Or(cmp.Compare(e.FS, o.FS), cmp.Compare(e.Ino, o.Ino), cmp.Compare(e.slot(), o.slot()))
}

// slot: what is known of the whole replaces what else was known of it.
func (e *Entry) slot() int {
	if e.Kind == Head {
		return 0
	}
	return 1
}

// Sort brings entries into the order of the file.
func Sort(list []Entry) {
	slices.SortStableFunc(list, func(a, b Entry) int { return a.compare(&b) })
}

// contradicts reports whether both speak of one inode in different states.
func (e *Entry) contradicts(o *Entry) bool {
	return e.FS == o.FS && e.Ino == o.Ino && (e.Size != o.Size || e.Mtime != o.Mtime || e.Ctime != o.Ctime)
}

// entrySize is an entry on disk, without FS, which its block has: inode, size,
// mtime, ctime, digest, and epoch (40 bits), kind (8) and day (16) together.
const entrySize = 8 + 8 + 8 + 8 + 32 + 8

func (e *Entry) encode(b []byte) {
	le := binary.LittleEndian
	le.PutUint64(b, e.Ino)
	le.PutUint64(b[8:], uint64(e.Size))
	le.PutUint64(b[16:], uint64(e.Mtime))
	le.PutUint64(b[24:], uint64(e.Ctime))
	copy(b[32:64], e.Digest[:])
	le.PutUint64(b[64:], e.Epoch&EpochMask<<24|uint64(e.Kind)<<16|uint64(e.Seen))
}

func (e *Entry) decode(fs uint64, b []byte) {
	le := binary.LittleEndian
	meta := le.Uint64(b[64:])
	e.FS, e.Ino = fs, le.Uint64(b)
	e.Size, e.Mtime, e.Ctime = int64(le.Uint64(b[8:])), int64(le.Uint64(b[16:])), int64(le.Uint64(b[24:]))
	e.Digest = [32]byte(b[32:64])
	e.Epoch, e.Kind, e.Seen = meta>>24, Kind(meta>>16), Day(meta)
}
