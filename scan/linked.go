package scan

import "sync"

// linkedInodes are those of one mount that have several links, as the walk met them: what is
// known of one need not be asked again for each further name, if the listing tells its inode
// number. Of a backup tree of 20 snapshots that took most of the walk's time. The number is
// what a name leads to as the directory has it, and no proof: who opens the file proves it.
// Safe for concurrent use.
type linkedInodes struct {
	covered map[string]bool // names in directories over which something may be mounted
	shards  [64]linkedShard
}

type linkedShard struct {
	mu  sync.RWMutex
	set map[uint64]*record // of the first name that was met, by inode number
}

func (l *linkedInodes) shard(ino uint64) *linkedShard {
	return &l.shards[(ino^ino>>6)%uint64(len(l.shards))]
}

// find returns nil for an inode that is not known.
func (s *linkedShard) find(ino uint64) *record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.set[ino]
}

func (s *linkedShard) add(r *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = make(map[uint64]*record)
	}
	s.set[r.ino] = r
}

// recall fills w.stat for a further name of an inode, as it was when the walk met it first,
// with what a walk reads; false if it must be asked.
func (w *walker) recall(e entry) bool {
	if e.ino == 0 || w.at.linked == nil {
		return false
	}
	r := w.at.linked.shard(e.ino).find(e.ino)
	if r == nil || w.at.linked.covered[string(e.name)] {
		return false
	}
	size := int64(r.size) // it has no laterBit before the end of the walk
	f := readFacts(factsAt(&w.tree.names, r.name), size)
	w.stat = Stat{
		ID: ID{w.at.domain.dev, e.ino}, Mount: w.at.domain.mount, Mode: modeRegular, Links: f.Links,
		Size: size, Allocated: f.Allocated, Mtime: f.Mtime, Ctime: f.Ctime,
	}
	return true
}

// remember notes an inode of which further names may come by the record of the name that was met.
func (w *walker) remember(st *Stat, r *record) {
	if st.Links < 2 || w.at.linked == nil || st.domain() != w.at.domain {
		return
	}
	if shard := w.at.linked.shard(st.Ino); shard.find(st.Ino) == nil {
		shard.add(r)
	}
}
