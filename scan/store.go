package scan

import (
	"errors"
	"sync"
	"sync/atomic"
)

// Limits of the compact form. They give an error, never a wrong answer.
var (
	errManyNames   = errors.New("more than 4 GiB of names or 4,294,967,295 files: scan parts of the tree one after the other")
	errManyDirs    = errors.New("more than 2,147,483,647 directories: scan parts of the tree one after the other")
	errManyDomains = errors.New("more than 65,535 filesystems: scan parts of the tree one after the other")
)

// record is what a tree keeps of a name, beside the name itself and the facts behind
// it: 24 bytes.
type record struct {
	size uint64 // bytes; the top bit is laterBit
	ino  uint64
	dir  uint32 // Dir; the top bit is sharedBit
	name uint32 // offset in the arenas
}

const (
	// sharedBit marks a name whose inode has other names that the scan met
	// (during the walk: whose inode has more than one link).
	sharedBit = 1 << 31
	// laterBit marks a shared name that does not stand for its inode.
	laterBit = 1 << 63
)

// dirRecord is what a tree keeps of a directory: 16 bytes.
type dirRecord struct {
	parent uint32 // Dir; of a root: index of its anchor
	name   uint32 // offset in the arenas; unused for a root and a stand-in
	root   uint32
	domain Domain
	kind   dirKind
	fixed  bool // see Tree.Fixed
}

type dirKind uint8

const (
	dirPlain dirKind = iota
	dirRoot          // a directory given as PATH; parent is its anchor
	dirHolds         // a directory that holds files given as PATH; parent is its anchor
	dirAlias         // was dirHolds, and parent is the same directory, met by the walk
	dirMount         // a stand-in: files of parent that belong to another domain
	dirFile          // a stand-in: the one file of parent that is root's PATH
)

const (
	// A chunk of records takes 24 KiB: large enough to be rare, small enough
	// that one half-filled for each walker does not matter.
	chunkBits = 10
	chunkLen  = 1 << chunkBits
	dirBits   = 10
	dirLen    = 1 << dirBits
	// An arena holds about 2,500 names of average length with their facts; with 2^16 of them a
	// name's offset fits in 32 bits.
	arenaBits = 16
	arenaLen  = 1 << arenaBits
	maxArenas = 1 << (32 - arenaBits)
	maxDirs   = 1 << (31 - dirBits)
)

type (
	chunk    [chunkLen]record
	dirChunk [dirLen]dirRecord
	arena    [arenaLen]byte
)

// table is a list that grows under a lock and is read without one: readers see
// everything that was added before they learned the index.
type table[T any] struct {
	mu   sync.Mutex
	view atomic.Pointer[[]*T]
}

// add appends p and returns its index, or false when the table holds limit items.
func (t *table[T]) add(p *T, limit int) (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*T
	if old := t.view.Load(); old != nil {
		list = *old
	}
	if len(list) >= limit {
		return 0, false
	}
	list = append(list, p)
	t.view.Store(&list)
	return len(list) - 1, true
}

func (t *table[T]) at(i uint32) *T { return (*t.view.Load())[i] }

// writer is one goroutine's way into the tables: it fills chunks and arenas of
// its own, so that walkers do not wait for each other.
type writer struct {
	names *table[arena]
	dirs  *table[dirChunk]

	chunks []*chunk // all full but the last
	used   int      // records in the last chunk
	shared int      // records that have sharedBit

	arena     *arena
	arenaBase uint32
	arenaUsed int
	dirChunk  *dirChunk
	dirBase   uint32
	dirsUsed  int
}

// addRecord appends a record, and returns where it stays until the end of the walk.
func (w *writer) addRecord(r record) *record {
	if len(w.chunks) == 0 || w.used == chunkLen {
		w.chunks, w.used = append(w.chunks, new(chunk)), 0
	}
	at := &w.chunks[len(w.chunks)-1][w.used]
	*at = r
	w.used++
	return at
}

// count returns how many records were added.
func (w *writer) count() int {
	return max(0, len(w.chunks)-1)*chunkLen + w.used
}

// longName is the length byte of a name that is longer than itself can say.
// Two more bytes then hold the length: some filesystems count 255 characters,
// not bytes.
const longName = 255

// addName stores the name of a directory and returns its offset.
func (w *writer) addName(name []byte) (uint32, error) {
	buf, err := w.appendName(name, 0)
	if err != nil {
		return 0, err
	}
	return w.keep(buf), nil
}

// addFile stores the name of a file with its facts behind it.
func (w *writer) addFile(name []byte, st *Stat) (uint32, error) {
	buf, err := w.appendName(name, maxFacts)
	if err != nil {
		return 0, err
	}
	facts := FactsOf(st)
	return w.keep(appendFacts(buf, st.Size, &facts)), nil
}

// keep takes what was written behind what the arena holds, and returns its offset.
func (w *writer) keep(buf []byte) uint32 {
	at := w.arenaUsed
	w.arenaUsed += len(buf)
	return w.arenaBase | uint32(at)
}

// appendName writes a name behind what the arena holds, where more bytes can follow.
func (w *writer) appendName(name []byte, more int) ([]byte, error) {
	if w.arena == nil || w.arenaUsed+3+len(name)+more > arenaLen {
		if err := w.newArena(); err != nil {
			return nil, err
		}
	}
	buf := w.arena[w.arenaUsed:w.arenaUsed]
	if len(name) < longName {
		buf = append(buf, byte(len(name)))
	} else {
		buf = append(buf, longName, byte(len(name)), byte(len(name)>>8))
	}
	return append(buf, name...), nil
}

func (w *writer) newArena() error {
	a := new(arena)
	i, ok := w.names.add(a, maxArenas)
	if !ok {
		return errManyNames
	}
	w.arena, w.arenaBase, w.arenaUsed = a, uint32(i)<<arenaBits, 0
	return nil
}

// nameAt returns the name stored at an offset.
func nameAt(names *table[arena], offset uint32) []byte {
	a, at, n := locate(names, offset)
	return a[at : at+n : at+n]
}

// factsAt returns what begins with the facts behind the name stored at an offset.
func factsAt(names *table[arena], offset uint32) []byte {
	a, at, n := locate(names, offset)
	return a[at+n:]
}

// locate returns where the name stored at an offset begins, and its length.
func locate(names *table[arena], offset uint32) (a *arena, at, n uint32) {
	a, at = names.at(offset>>arenaBits), offset&(arenaLen-1)
	n = uint32(a[at])
	if at++; n == longName {
		n, at = uint32(a[at])|uint32(a[at+1])<<8, at+2
	}
	return a, at, n
}

// addDir stores a directory.
func (w *writer) addDir(d dirRecord) (Dir, error) {
	if w.dirChunk == nil || w.dirsUsed == dirLen {
		c := new(dirChunk)
		i, ok := w.dirs.add(c, maxDirs)
		if !ok {
			return 0, errManyDirs
		}
		w.dirChunk, w.dirBase, w.dirsUsed = c, uint32(i)<<dirBits, 0
	}
	at := w.dirsUsed
	w.dirChunk[at] = d
	w.dirsUsed++
	return Dir(w.dirBase | uint32(at)), nil
}

// addNamedDir stores a directory with its name.
func (w *writer) addNamedDir(d dirRecord, name []byte) (Dir, error) {
	at, err := w.addName(name)
	if err != nil {
		return 0, err
	}
	d.name = at
	return w.addDir(d)
}
