package hash

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/zeebo/blake3"
)

// attrTable numbers distinct attributes: most trees have a handful, so a
// member carries 4 bytes instead of 32. Safe for concurrent use.
type attrTable struct {
	mu    sync.Mutex
	index map[Attrs]uint32
	list  []Attrs
}

// intern returns the number of a.
func (t *attrTable) intern(a Attrs) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.index[a]; ok {
		return i
	}
	if t.index == nil {
		t.index = make(map[Attrs]uint32)
	}
	i := uint32(len(t.list))
	t.index[a] = i
	t.list = append(t.list, a)
	return i
}

// xattr is one extended attribute.
type xattr struct {
	name  string
	value []byte
}

// digestXattrs is 128 bits of BLAKE3 over the attributes, sorted by name, each
// name and value behind its length, so that no two lists run together the same
// way. No attributes give zero.
func digestXattrs(list []xattr) (digest [16]byte) {
	if len(list) == 0 {
		return digest
	}
	slices.SortFunc(list, func(a, b xattr) int { return cmp.Compare(a.name, b.name) })
	h := blake3.New()
	var length [8]byte
	for _, x := range list {
		binary.LittleEndian.PutUint64(length[:], uint64(len(x.name)))
		h.Write(length[:])
		h.WriteString(x.name)
		binary.LittleEndian.PutUint64(length[:], uint64(len(x.value)))
		h.Write(length[:])
		h.Write(x.value)
	}
	var sum [32]byte
	h.Sum(sum[:0])
	copy(digest[:], sum[:])
	return digest
}
