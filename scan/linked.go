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
	set map[uint64]linkedInode // by inode number
}

// linkedInode is what is known of an inode.
type linkedInode struct {
	size  int64
	facts uint32 // behind the name at this offset in the arenas
}

func (l *linkedInodes) shard(ino uint64) *linkedShard {
	return &l.shards[(ino^ino>>6)%uint64(len(l.shards))]
}

func (s *linkedShard) find(ino uint64) (inode linkedInode, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	inode, known = s.set[ino]
	return inode, known
}

func (s *linkedShard) add(ino uint64, inode linkedInode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = make(map[uint64]linkedInode)
	}
	s.set[ino] = inode
}

// recall fills w.stat for a further name of an inode, as it was when the walk met it first,
// with what a walk reads; false if it must be asked.
func (w *walker) recall(e entry) bool {
	if e.ino == 0 || w.at.linked == nil {
		return false
	}
	inode, known := w.at.linked.shard(e.ino).find(e.ino)
	if !known || w.at.linked.covered[string(e.name)] {
		return false
	}
	f := readFacts(factsAt(&w.tree.names, inode.facts), inode.size)
	w.stat = Stat{
		ID: ID{w.at.domain.dev, e.ino}, Mount: w.at.domain.mount, Mode: modeRegular, Links: f.Links,
		Size: inode.size, Allocated: f.Allocated, Mtime: f.Mtime, Ctime: f.Ctime,
	}
	return true
}

// remember notes an inode of which further names may come, and the name that it was met by.
func (w *walker) remember(st *Stat, name uint32) {
	if st.Links < 2 || w.at.linked == nil || st.domain() != w.at.domain {
		return
	}
	shard := w.at.linked.shard(st.Ino)
	if _, known := shard.find(st.Ino); !known {
		shard.add(st.Ino, linkedInode{st.Size, name})
	}
}
