package scan

import "sync"

// linkedSet holds the inodes with several links that the walk has met: what is known of
// them need not be asked again for each further name, if the listing tells its inode number.
// Of a backup tree of 20 snapshots that took most of the walk's time. The number is where
// a name leads as the directory has it, and no proof: who opens the file proves it. Safe
// for concurrent use.
type linkedSet [64]struct {
	mu  sync.RWMutex
	set map[ID]linkedInode
}

// linkedInode is what is known of an inode.
type linkedInode struct {
	size  int64
	facts uint32 // behind the name at this offset in the arenas
}

// find returns what is known of an inode.
func (l *linkedSet) find(id ID) (inode linkedInode, known bool) {
	shard := &l[id.shard(len(l))]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	inode, known = shard.set[id]
	return inode, known
}

func (l *linkedSet) add(id ID, inode linkedInode) {
	shard := &l[id.shard(len(l))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.set == nil {
		shard.set = make(map[ID]linkedInode)
	}
	shard.set[id] = inode
}

// recall fills w.stat for a further name of an inode, as it was when the walk met it first,
// with what a walk reads; false if it must be asked.
func (w *walker) recall(e entry) bool {
	if e.ino == 0 || w.at.covered == nil {
		return false
	}
	id := ID{w.at.domain.dev, e.ino}
	inode, known := w.linked.find(id)
	if !known || w.at.covered[string(e.name)] {
		return false
	}
	f := readFacts(factsAt(&w.tree.names, inode.facts), inode.size)
	w.stat = Stat{
		ID: id, Mount: w.at.domain.mount, Mode: modeRegular, Links: f.Links,
		Size: inode.size, Allocated: f.Allocated, Mtime: f.Mtime, Ctime: f.Ctime,
	}
	return true
}

// remember notes an inode of which further names may come, and the name that it was met by.
func (w *walker) remember(st *Stat, name uint32) {
	if st.Links < 2 || w.at.covered == nil || st.domain() != w.at.domain {
		return
	}
	if _, known := w.linked.find(st.ID); !known {
		w.linked.add(st.ID, linkedInode{st.Size, name})
	}
}
