package cache

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A block begins with: CRC-32C of all that follows (4 bytes), its number (4),
// the filesystem of its entries (8), how many there are (2), its type (1), zeros.
const (
	blockSize  = 4096
	blockHead  = 24
	blockRoom  = (blockSize - blockHead) / entrySize // entries
	batch      = 64                                  // blocks read or written at once: 256 KiB
	version    = 2                                   // in 1, numbers of different comparisons could be the same
	typeHeader = 'H'                                 // the first: magic instead of a filesystem, version instead of a count
	typeData   = 'D'
	typeEnd    = 'E' // the last: entries of the whole file instead of a filesystem
)

// magic is what a header block has for a filesystem.
var magic = binary.LittleEndian.Uint64([]byte("oneinode"))

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errChecksum = errors.New("a block has a wrong checksum")
	errOrder    = errors.New("blocks or entries are out of order")
	errCut      = errors.New("the end is missing")
	errMagic    = errors.New("it does not begin as a digest cache does")
	// errVersion: an intact file of another version of this format.
	errVersion = errors.New("made by another version")
)

// seal completes a block.
func seal(b []byte, number uint32, fs uint64, count int, kind byte) {
	le := binary.LittleEndian
	le.PutUint32(b[4:], number)
	le.PutUint64(b[8:], fs)
	le.PutUint16(b[16:], uint16(count))
	b[18] = kind
	clear(b[19:blockHead])
	le.PutUint32(b, crc32.Checksum(b[4:blockSize], castagnoli))
}

// head is the beginning of a block.
type head struct {
	fs    uint64
	count int
	kind  byte
}

// open checks a block and returns its head.
func open(b []byte, number uint32) (h head, err error) {
	le := binary.LittleEndian
	h = head{le.Uint64(b[8:]), int(le.Uint16(b[16:])), b[18]}
	switch {
	case le.Uint32(b) != crc32.Checksum(b[4:blockSize], castagnoli):
		return h, errChecksum
	case le.Uint32(b[4:]) != number:
		return h, errOrder
	case h.kind == typeData && h.count > blockRoom:
		return h, errOrder
	}
	return h, nil
}
