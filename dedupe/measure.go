package dedupe

import (
	"context"
	"crypto/sha256"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// measurer finds the layouts out.
type measurer struct {
	*decide.Layouts
	tree   *scan.Tree
	opener *scan.Opener
	places map[placement]uint32 // of one set
	uppers map[scan.Dir]string
	rights map[scan.Dir]dirRights
	// ungiven: what may not be given to whom.
	ungiven map[gift]bool
	names   []scan.Name
	list    []extents.Extent
}

func newMeasurer(tree *scan.Tree) *measurer {
	return &measurer{
		Layouts: &decide.Layouts{
			ByName: map[scan.Name]decide.Layout{}, Fixed: map[scan.Domain]bool{},
			Lower: map[scan.Name]bool{}, Blank: map[scan.Name]bool{}, Viewed: map[scan.Name]bool{},
			Denied: map[scan.Name]string{}, Unlinkable: map[scan.Name]bool{},
			Projects: map[scan.Dir]uint32{}, Sticky: map[scan.Dir]uint32{},
		},
		tree: tree, opener: tree.NewOpener(),
		places: map[placement]uint32{}, uppers: map[scan.Dir]string{},
		rights: map[scan.Dir]dirRights{}, ungiven: map[gift]bool{},
	}
}

// Measure asks the filesystems where the inodes of all sets lie that the policy
// would reflink, and elsewhere which cannot be linked. Of content it reads no more than a
// beginning. What cannot be opened, or is not reached before ctx ends, stays unknown: the run
// itself will say why.
func Measure(ctx context.Context, res *hash.Result, policy decide.Policy) *decide.Layouts {
	m := newMeasurer(res.Tree)
	defer m.opener.Close()
	findViews(res, m.Viewed)
	for i := range res.Sets {
		if ctx.Err() != nil {
			break
		}
		m.set(ctx, res, &res.Sets[i], policy)
	}
	return m.Layouts
}

// set looks at all members of a set, unless ctx ends.
func (m *measurer) set(ctx context.Context, res *hash.Result, set *hash.Set, policy decide.Policy) {
	look := m.lookAt
	reflink := policy.On(&m.tree.Filesystems()[set.Domain]).Link == decide.LinkReflink
	if reflink {
		look = m.measure
	} else {
		m.lookForBlank(set)
	}
	clear(m.places) // only members of one set are compared
	for _, member := range set.Members {
		if ctx.Err() != nil {
			return
		}
		look(member.Name)
		if policy.Link == decide.LinkSymlink {
			m.lookAtDirs(member.Name)
		}
		if !policy.ScanOnly {
			m.lookAtRights(member.Name, res.Attrs(member), policy, reflink)
		}
	}
}

// lookAt finds out what lets no name of an inode be replaced, where the type of the
// filesystem leaves that open.
func (m *measurer) lookAt(n scan.Name) {
	switch fs := m.tree.Filesystem(n); {
	case fs.Type == "overlay":
		m.Lower[n] = m.inLowerLayer(fs, n)
	case fs.Type == "btrfs":
		m.lookAtSubvolume(n)
	case fs.Projects:
		m.lookAtProject(m.tree.Dir(n))
	}
}

// blankAtLeast: smaller files are seldom made before there is something to put into them.
const blankAtLeast = 64 << 10 // bytes

// lookForBlank finds out which members of a set are nothing but holes and room that is reserved
// (fallocate(2)). What they begin with is the same for all.
func (m *measurer) lookForBlank(set *hash.Set) {
	if set.Size < blankAtLeast || !m.holds(set.Members[0].Name, startsWithZeros) {
		return
	}
	for _, member := range set.Members {
		m.Blank[member.Name] = m.holds(member.Name, func(fd int) bool { return m.isBlank(fd, set.Size) })
	}
}

// isBlank asks where extents are told, too: of room that is reserved, lseek(2) takes for data what
// has been read of it.
func (m *measurer) isBlank(fd int, size int64) bool {
	if kernel.HasNoData(fd) {
		return true
	}
	return m.readWritten(fd, size) == nil && len(m.list) == 0
}

// holds reports what is true of a file that can be opened.
func (m *measurer) holds(n scan.Name, is func(fd int) bool) bool {
	fd, err := m.opener.Open(n)
	if err != nil {
		return false
	}
	defer kernel.Close(fd)
	return is(fd)
}

func startsWithZeros(fd int) bool {
	var begin [64]byte
	n, err := unix.Pread(fd, begin[:], 0)
	return err == nil && n == len(begin) && begin == [64]byte{}
}

// lookAtSubvolume asks each one once.
func (m *measurer) lookAtSubvolume(n scan.Name) {
	domain := m.tree.Domain(n)
	if _, known := m.Fixed[domain]; known {
		return
	}
	if fd, err := m.opener.Open(n); err == nil {
		m.Fixed[domain] = kernel.ReadOnlySubvolume(fd)
		kernel.Close(fd)
	}
}

// lookAtProject asks each directory once.
func (m *measurer) lookAtProject(d scan.Dir) {
	if _, known := m.Projects[d]; known {
		return
	}
	m.Projects[d] = 0
	if fd, err := m.tree.OpenDir(d); err == nil {
		m.Projects[d] = kernel.ProjectOf(fd)
		kernel.Close(fd)
	}
}

// lookAtDirs finds out in which directories of an inode's names links could not be followed by
// everybody.
func (m *measurer) lookAtDirs(n scan.Name) {
	m.names = m.tree.Links(m.names[:0], n)
	for _, name := range m.names {
		d := m.tree.Dir(name)
		if r := m.rightsIn(d); isStickyToAll(&r.stat) {
			m.Sticky[d] = r.stat.UID
		}
	}
}

// inLowerLayer is lowerLayer, with one look at the way to each directory.
func (m *measurer) inLowerLayer(fs *scan.Filesystem, n scan.Name) bool {
	dir := m.tree.Dir(n)
	upper, known := m.uppers[dir]
	if !known {
		upper = upperDir(fs, parentOf(absolute(m.tree.Path(n))))
		m.uppers[dir] = upper
	}
	return !isUpper(upper, string(m.tree.Base(n)))
}

// measure is for a reflink.
func (m *measurer) measure(n scan.Name) {
	fd, err := m.opener.Open(n)
	if err != nil {
		return
	}
	defer kernel.Close(fd)
	if m.readWritten(fd, m.tree.Size(n)) != nil {
		return
	}
	out := m.layoutOf(m.list)
	if m.tree.Filesystem(n).Type == "btrfs" {
		m.lookAtSubvolume(n)
		out.Fixed, out.NoCow = m.Fixed[m.tree.Domain(n)], kernel.WithoutCow(fd)
	}
	m.ByName[n] = out
}

// readWritten sets list to where the content of a file lies.
func (m *measurer) readWritten(fd int, size int64) (err error) {
	m.list, err = extents.ReadAll(fd, extents.AsItLies, m.list[:0])
	if err == nil && slices.ContainsFunc(m.list, isReserved) { // what waits in the page cache may lie there
		m.list, err = extents.ReadAll(fd, extents.Flushed, m.list[:0])
	}
	m.list = written(m.list, size)
	return err
}

func (m *measurer) layoutOf(list []extents.Extent) decide.Layout {
	out := sumLayout(list)
	key, ok := placeKey(list)
	if !ok {
		return out
	}
	if _, met := m.places[key]; !met {
		m.places[key] = uint32(len(m.places) + 1)
	}
	out.Place = m.places[key]
	return out
}

// written drops what is only reserved for a file (fallocate(2)) from where it lies: it holds
// no content and lies nowhere else once two files share all that they hold, as xfs leaves it
// to both, and nobody shares what lies behind the end.
func written(list []extents.Extent, size int64) []extents.Extent {
	return slices.DeleteFunc(list, func(e extents.Extent) bool { return isReserved(e) || e.Logical >= size })
}

func isReserved(e extents.Extent) bool { return e.Flags&extents.Unwritten != 0 }

func sumLayout(list []extents.Extent) (l decide.Layout) {
	for _, e := range list {
		switch {
		case e.Flags&extents.Inline != 0:
			l.Inline = true
		case e.Flags&extents.Shared != 0:
			l.Shared += e.Length
		default:
			l.Own += e.Length
		}
	}
	return l
}

// placement is a digest of where a file lies.
type placement [sha256.Size]byte

// placeKey is equal for two files of equal content that use the same blocks. Of
// a compressed extent only its beginning is told, which is enough here: whoever
// uses a part of it keeps all of it.
func placeKey(list []extents.Extent) (placement, bool) {
	const known = extents.Last | extents.Merged | extents.Shared | extents.Encoded
	for _, e := range list {
		if e.Flags&^known != 0 {
			return placement{}, false
		}
	}
	return sha256.Sum256(extents.AppendKey(nil, list)), true
}
