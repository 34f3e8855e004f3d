package scan

import (
	"cmp"
	"path"
	"sync"

	"golang.org/x/sys/unix"
)

// domainKey is what tells domains apart.
type domainKey struct{ dev, mount uint64 }

func (s *Stat) domain() domainKey { return domainKey{s.Dev, s.Mount} }

// domains numbers the domains that a walk meets. It is safe for concurrent use.
type domains struct {
	mu     sync.RWMutex
	byKey  map[domainKey]domainInfo
	list   []Filesystem
	mounts mountTable
}

type domainInfo struct {
	number  Domain
	virtual bool
	unsure  bool // st_nlink may be 1 for files with more links
	// linked is nil where a listing's inode numbers may be others than those of the files.
	linked *linkedInodes
}

// maxDomains is one less than what 16 bits can tell apart.
const maxDomains = 1<<16 - 1

// lookup returns the domain of what fd is open on, whose Stat has that key. The
// first time it asks the kernel for the type of the filesystem.
func (d *domains) lookup(key domainKey, fd int) (domainInfo, error) {
	if info, ok := d.known(key); ok {
		return info, nil
	}
	// Outside the lock: on a dead network mount this call may hang.
	magic, fs := fsIdentity(fd)
	fs.Dev, fs.Mount, fs.Remote = key.dev, key.mount, isRemote(magic)
	fs.Superblock, fs.Reflinks = sharing(fd, magic, key.dev)
	id := mountOf(fd, key.mount)
	d.mu.Lock()
	defer d.mu.Unlock()
	if info, ok := d.byKey[key]; ok {
		return info, nil
	}
	return d.add(key, magic, id, fs)
}

func (d *domains) known(key domainKey) (domainInfo, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	info, ok := d.byKey[key]
	return info, ok
}

func (d *domains) add(key domainKey, magic int64, id uint64, fs Filesystem) (domainInfo, error) {
	if len(d.list) >= maxDomains {
		return domainInfo{}, errManyDomains
	}
	if d.byKey == nil {
		d.byKey = make(map[domainKey]domainInfo)
	}
	mount := d.mounts.find(id)
	info := domainInfo{number: Domain(len(d.list)), virtual: isVirtual(magic, mount.kind), unsure: countsNoLinks(magic)}
	if tellsInodes(mount.kind) {
		info.linked = &linkedInodes{covered: d.mounts.covered(id)}
	}
	d.byKey[key] = info
	if info.virtual {
		return info, nil // nothing is taken from there
	}
	fs.Point, fs.Source, fs.Upper = mount.point, mount.source, mount.upper
	fs.Type = cmp.Or(mount.kind, typeOf(magic))
	fs.Projects = fs.Type == "xfs" || mount.projects
	kind, dev := d.keptOn(fs.Type, key.dev, fs.Upper)
	fs.InMemory, fs.Writeback = kind == "tmpfs" || kind == "ramfs", isWriteback(kind, dev)
	fs.Remote = fs.Remote || isHosted(mount.kind)
	d.list = append(d.list, fs)
	return info, nil
}

// keptOn is the type and the device of what keeps the data that is written to a filesystem: of the
// upper layer's own for an overlay, where that can be looked at, else those given.
func (d *domains) keptOn(kind string, dev uint64, upper string) (string, uint64) {
	if upper == "" {
		return kind, dev
	}
	fd, err := openAt(unix.AT_FDCWD, upper, lookFlags)
	if err != nil {
		return kind, dev
	}
	defer unix.Close(fd)
	st, err := FStat(fd)
	if err != nil {
		return kind, dev
	}
	magic, _ := fsIdentity(fd)
	return cmp.Or(d.mounts.find(mountOf(fd, st.Mount)).kind, typeOf(magic)), st.Dev
}

// forget gives up what only a walk needs to know.
func (d *domains) forget() {
	for _, info := range d.byKey {
		if info.linked != nil {
			info.linked.shards = [len(info.linked.shards)]linkedShard{}
		}
	}
}

// isHosted reports whether a filesystem shows a directory of the machine that ours is a guest
// of, whose programs write there, too. 9p answers statfs(2) with the number of what lies there.
func isHosted(kind string) bool { return kind == "9p" || kind == "hostfs" || kind == "vboxsf" }

// mountInfo is what is told of a mount.
type mountInfo struct {
	parent                     uint64 // mount id
	point, kind, source, upper string
	projects                   bool // project quotas are mounted
}

// mountTable reads the system's list of mounts when it is first asked, and
// again, a few times at most, when a mount is not in it: it may be new.
type mountTable struct {
	byID  map[uint64]mountInfo
	reads int
}

const maxMountReads = 8

func (t *mountTable) find(id uint64) mountInfo {
	if id == 0 {
		return mountInfo{}
	}
	if m, ok := t.byID[id]; ok || t.reads >= maxMountReads {
		return m
	}
	t.reads++
	t.byID = readMounts()
	return t.byID[id]
}

// covered returns the last names of where something is mounted on a mount.
func (t *mountTable) covered(id uint64) map[string]bool {
	names := map[string]bool{}
	for _, m := range t.byID {
		if m.parent == id {
			names[path.Base(m.point)] = true
		}
	}
	return names
}

// tellsInodes reports whether the listings of a type of filesystem tell the inode numbers that
// its files have: those of an overlay, of FUSE or of a server may not.
func tellsInodes(kind string) bool {
	switch kind {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs":
		return true
	}
	return false
}
