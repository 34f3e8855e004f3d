package hash

import "sync"

// attrTable numbers distinct attributes: most trees have a handful, so a
// member carries a number instead. Safe for concurrent use.
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
