package decide

import (
	"cmp"
	"slices"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Reasons why the plan holds an inode that no run could replace.
const (
	HoldImmutable = "immutable or append-only (chattr +i, +a)"
	HoldFixedDir  = "in a directory that is immutable or append-only (chattr +i, +a)"
)

// Reasons that a run may also find by itself, since the plan goes by what the filesystem told
// of itself at first.
const (
	ReasonReadOnly   = "read-only filesystem"
	ReasonNoLinks    = "filesystem without hard links"
	ReasonNoSymlinks = "filesystem without symbolic links"
	ReasonLowerLayer = "in a lower layer of overlayfs, as far as can be seen: linking would copy it and free nothing"
	ReasonFar        = "its times lie beyond 1678 to 2262, and could not be given back"
	ReasonSticky     = "in a sticky directory of somebody else, where only its owner could follow a symbolic link"
	ReasonNotReached = "a symbolic link here would not lead to the keeper"
	ReasonLongTarget = "the path to the keeper is too long for a symbolic link"
)

// Reasons for what this user may not do and others may: the plan holds such a file all the same,
// as no run of this user could do it.
const (
	ReasonDirDenied = "its directory may not be written to"
	ReasonTheirs    = "somebody else's file, in a sticky directory of somebody else"
	ReasonLinkOwner = "a symbolic link cannot be given the owner of the file"
	HoldUnwritable  = "somebody else's file, which this user may not write to"
	HoldUnlinkable  = "somebody else's file, to which this user may make no links (fs.protected_hardlinks)"
)

// IsDenied reports whether a reason is that of a missing right.
func IsDenied(reason string) bool {
	return slices.Contains([]string{ReasonDirDenied, ReasonTheirs, ReasonLinkOwner, HoldUnwritable, HoldUnlinkable}, reason)
}

// HoldVerity: a path of such a file would lose the proof of its content as a name of a plain
// file, a plain one would take no writes any more as a name of it, and no undo could give the
// proof back: it does not know what that was made with (salt, signature).
const HoldVerity = "protected by fs-verity"

// HoldBlank: two new disks of virtual machines, or two parts of a download, are equal until the first
// data comes, and that is written in place.
const HoldBlank = "holds no data yet (a new disk, an unfinished download?)"

// HoldView: what is done to the file here is done to it there, and what the program that
// makes the filesystem does besides (mergerfs moves names to another branch) as well.
const HoldView = "shown by another filesystem among the PATHs, too (FUSE)"

// bind notes what a run would find out in the middle: that the filesystem does not let
// names be replaced, or linked to.
func (d *decider) bind(ip *InodePlan, a hash.Attrs, layouts *Layouts) {
	ip.Unlinkable = layouts.Unlinkable[ip.Name]
	fs := d.tree.Filesystem(ip.Name)
	readOnly := fs.ReadOnly && (!d.policy.ScanOnly || fs.IsImage())
	if d.policy.Link == LinkReflink {
		ip.Bound = cmp.Or(boundBlocks(readOnly, a), layouts.Denied[ip.Name])
		return
	}
	switch {
	case readOnly || layouts.Fixed[d.tree.Domain(ip.Name)]:
		ip.Bound = ReasonReadOnly
	case WithoutLinks(fs):
		ip.Bound = d.reasonLinkless()
	case d.policy.Link == LinkSymlink && fs.NoFollow:
		ip.Bound = ReasonNotReached
	case a.Immutable || a.Append:
		ip.Bound = HoldImmutable
	case a.Verity:
		ip.Bound = HoldVerity
	case layouts.Blank[ip.Name]:
		ip.Bound = HoldBlank
	case layouts.Lower[ip.Name]:
		ip.Bound = ReasonLowerLayer
	case layouts.Viewed[ip.Name]:
		ip.Bound = HoldView
	default:
		ip.Bound = d.boundNames(ip, a, layouts)
		return
	}
	// A symbolic link to what FUSE shows of a file would take that file's place, and lead to itself.
	ip.Sealed = d.policy.Link == LinkHard || ip.Bound == HoldView || ip.Bound == HoldBlank
}

// WithoutLinks reports whether there are neither hard nor symbolic links.
func WithoutLinks(fs *scan.Filesystem) bool {
	switch fs.Type {
	case "vfat", "msdos", "exfat", "hfs": // link(2) and symlink(2) say EPERM
		return true
	}
	return false
}

// reasonLinkless is why nothing becomes a link on a filesystem without links. A file
// there may well be what a symbolic link elsewhere leads to.
func (d *decider) reasonLinkless() string {
	if d.policy.Link == LinkSymlink {
		return ReasonNoSymlinks
	}
	return ReasonNoLinks
}

// boundBlocks is for a reflink, which leaves names and times alone.
func boundBlocks(readOnly bool, a hash.Attrs) string {
	switch {
	case readOnly:
		return ReasonReadOnly
	case a.Immutable:
		return HoldImmutable
	case a.Verity: // undo writes to files, and the kernel refuses to open it for that
		return HoldVerity
	}
	return ""
}

// boundNames is what lets others become links to an inode all the same.
func (d *decider) boundNames(ip *InodePlan, a hash.Attrs, layouts *Layouts) string {
	switch {
	case a.Far:
		return ReasonFar
	case slices.ContainsFunc(ip.Names, func(n scan.Name) bool { return d.tree.Fixed(d.tree.Dir(n)) }):
		return HoldFixedDir
	case slices.ContainsFunc(ip.Names, func(n scan.Name) bool { return layouts.isUnfollowed(d.tree.Dir(n), a.UID) }):
		return ReasonSticky
	}
	return layouts.denied(ip.Names)
}

// unsealed holds the inodes of a class that can neither go nor keep, and returns the
// others.
func unsealed(inodes []InodePlan, class []int) []int {
	if !slices.ContainsFunc(class, func(i int) bool { return inodes[i].Sealed }) {
		return class
	}
	out := make([]int, 0, len(class))
	for _, i := range class {
		if ip := &inodes[i]; ip.Sealed {
			ip.Action, ip.Reason = ActHold, ip.Bound
		} else {
			out = append(out, i)
		}
	}
	return out
}
