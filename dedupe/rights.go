package dedupe

import (
	"cmp"
	"errors"
	"io/fs"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// dirRights is what this user may do in a directory.
type dirRights struct {
	closed bool      // no names may be made or removed
	stat   scan.Stat // as stickyKeeps goes by it
}

// lookAtRights finds out what this user may not do with an inode, so that a plan promises nothing that
// its run would be refused.
func (m *measurer) lookAtRights(n scan.Name, file hash.Attrs, policy decide.Policy, reflink bool) {
	if reflink {
		if us().uid != file.UID && !us().shares && m.isUnwritable(n) { // allow_file_dedupe of the kernel
			m.Denied[n] = decide.HoldUnwritable
		}
		return
	}
	m.names = m.tree.Links(m.names[:0], n)
	for _, name := range m.names {
		if why := m.denied(m.tree.Dir(name), file, policy); why != "" {
			m.Denied[name] = why
		}
	}
	if policy.Link != decide.LinkSymlink && guardsLinks() && !us().owns(file.UID, file.GID) && m.isUnwritable(n) {
		m.Unlinkable[n] = true
	}
}

// denied says what keeps this user from replacing a name of a file, "" if nothing does.
func (m *measurer) denied(dir scan.Dir, file hash.Attrs, policy decide.Policy) string {
	why := m.rightsIn(dir).deny(file)
	if why == "" && policy.Link == decide.LinkSymlink && m.isUngiven(gift{dir, file.UID, file.GID}) {
		return decide.ReasonLinkOwner
	}
	return why
}

func (d dirRights) deny(file hash.Attrs) string {
	switch {
	case d.closed:
		return decide.ReasonDirDenied
	case d.stat.Mode&sticky != 0 && !us().mayRemove(&d.stat, &scan.Stat{UID: file.UID, GID: file.GID}):
		return decide.ReasonTheirs
	}
	return ""
}

// gift is an owner and group for what is made in a directory: each symbolic link gets those of the file
// whose name it takes.
type gift struct {
	dir      scan.Dir
	uid, gid uint32
}

// isUngiven tries each once on an unnamed file, as tryOn does: a server may have rules of its own.
func (m *measurer) isUngiven(g gift) (refused bool) {
	if us().gives || g.uid == us().uid && g.gid == us().gid {
		return false
	}
	if refused, known := m.ungiven[g]; known {
		return refused
	}
	if dir, err := m.tree.OpenDir(g.dir); err == nil {
		defer kernel.Close(dir)
		if fd, err := kernel.OpenUnnamed(dir); err == nil {
			defer kernel.Close(fd)
			refused = errors.Is(kernel.DressSymlink(fd, &scan.Stat{UID: g.uid, GID: g.gid}), fs.ErrPermission)
		}
	}
	m.ungiven[g] = refused
	return refused
}

// rightsIn asks each directory once. Of what cannot be asked the run will tell.
func (m *measurer) rightsIn(d scan.Dir) (r dirRights) {
	r, known := m.rights[d]
	if known {
		return r
	}
	if fd, err := m.tree.OpenDir(d); err == nil {
		r.closed = errors.Is(scan.May(fd, ".", unix.W_OK|unix.X_OK), syscall.EACCES)
		r.stat, _ = scan.FStatNow(fd)
		kernel.Close(fd)
	}
	m.rights[d] = r
	return r
}

var guardsLinks = sync.OnceValue(kernel.GuardsLinks)

// isUnwritable reports whether we may not write to a file: if it is somebody else's, we may make
// no hard links to it then (may_linkat of the kernel), nor change where it lies.
func (m *measurer) isUnwritable(n scan.Name) bool {
	return m.holds(n, func(fd int) bool { return errors.Is(kernel.AccessToWrite(fd), syscall.EACCES) })
}

// Unleased lists the filesystems where a plan changes files of other owners, which this user may not
// lease: the run tells of each when it comes to the first such file.
func Unleased(plan *decide.Plan) (list []Unguarded) {
	res, told := plan.Result(), map[uint64]bool{}
	for sp := range plan.Sets() {
		for i := range sp.Inodes {
			ip := &sp.Inodes[i]
			fs := res.Tree.Filesystem(ip.Name)
			mount := cmp.Or(fs.Mount, fs.Dev)
			if ip.Action == decide.ActLink && fs.SeesWriters() && !us().mayLease(res.Attrs(ip.Member).UID) && !told[mount] {
				told[mount] = true
				list = append(list, Unguarded{*fs, true})
			}
		}
	}
	return list
}

func (i identity) mayLease(owner uint32) bool { return owner == i.uid || i.leases }
