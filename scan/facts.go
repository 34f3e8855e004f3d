package scan

import "encoding/binary"

// Facts are what a tree keeps of an inode beside its size, as of the walk.
type Facts struct {
	Mtime, Ctime int64 // ns, as in Stat
	Allocated    int64 // bytes
	Links        uint32
}

// FactsOf picks the facts from a Stat.
func FactsOf(st *Stat) Facts { return Facts{st.Mtime, st.Ctime, st.Allocated, st.Links} }

// Facts returns those of n's inode.
func (t *Tree) Facts(n Name) Facts {
	r := t.record(n)
	return readFacts(factsAt(&t.names, r.name), t.Size(n))
}

const (
	// maxFacts is how much room facts take at most: mostly it is a third of that.
	maxFacts = 8 + 2*binary.MaxVarintLen64 + binary.MaxVarintLen32
	// factUnit is what st_blocks counts, and usualUnits what most filesystems give
	// files in, in those.
	factUnit   = 512
	usualUnits = 8
)

// usualBlocks is what a file without holes takes on most filesystems, in units.
func usualBlocks(size int64) int64 {
	const usual = factUnit * usualUnits
	return (size/usual + min(size%usual, 1)) * usualUnits
}

// appendFacts writes facts in as few bytes as they need: the change of the inode
// whole, and for the rest by how much it differs from what it is for most files,
// that were never changed again, lie on whole blocks and have one name.
func appendFacts(buf []byte, size int64, f *Facts) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, uint64(f.Ctime))
	buf = binary.AppendVarint(buf, f.Ctime-f.Mtime)
	buf = binary.AppendVarint(buf, f.Allocated/factUnit-usualBlocks(size))
	return binary.AppendUvarint(buf, uint64(f.Links))
}

// readFacts reads what appendFacts wrote for a file of this size.
func readFacts(buf []byte, size int64) (f Facts) {
	f.Ctime = int64(binary.LittleEndian.Uint64(buf))
	buf = buf[8:]
	since, n := binary.Varint(buf)
	units, m := binary.Varint(buf[n:])
	links, _ := binary.Uvarint(buf[n+m:])
	f.Mtime, f.Allocated, f.Links = f.Ctime-since, (units+usualBlocks(size))*factUnit, uint32(links)
	return f
}
