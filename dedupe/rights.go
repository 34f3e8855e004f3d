package dedupe

import (
	"errors"
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
func (m *measurer) lookAtRights(n scan.Name, attrs hash.Attrs, policy decide.Policy) {
	m.names = m.tree.Links(m.names[:0], n)
	for _, name := range m.names {
		if why := m.rightsIn(m.tree.Dir(name)).deny(attrs); why != "" {
			m.Denied[n] = why
		}
	}
	// Where owners must agree, what it could be linked to is that owner's as well.
	if hard := policy.Link != decide.LinkSymlink && policy.Match&decide.MatchOwner != 0; hard && m.Denied[n] == "" && m.isUnlinkable(n, attrs) {
		m.Denied[n] = decide.HoldUnlinkable
	}
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

// isUnlinkable follows may_linkat of the kernel.
func (m *measurer) isUnlinkable(n scan.Name, attrs hash.Attrs) bool {
	if us().uid == attrs.UID || us().fowner && us().unmapped.Knows(attrs.UID, attrs.GID) || !guardsLinks() {
		return false
	}
	fd, err := m.opener.Open(n)
	if err != nil {
		return false
	}
	defer kernel.Close(fd)
	return errors.Is(kernel.AccessToWrite(fd), syscall.EACCES)
}
