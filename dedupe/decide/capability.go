package decide

import (
	"slices"

	"github.com/oneinode/oneinode/scan"
)

// Capability is what can be done on a filesystem, as far as its type and its
// superblock tell: nothing is tried out, so that a scan changes nothing. A run
// finds out by itself, and does without what turns out to be missing.
type Capability struct {
	HardLinks bool
	LinkLimit uint32 // links that an inode may have; 0: no limit that we know
	Reflinks  bool
	Leases    bool // programs that have a file open for writing are seen
	Mappings  bool // and so are those that have closed it, but keep it mapped
	Exchange  bool // names are exchanged in one step; elsewhere by link and rename
}

// withoutLinks reports whether there are neither hard nor symbolic links.
func withoutLinks(fs *scan.Filesystem) bool {
	switch fs.Type {
	case "vfat", "msdos", "exfat", "hfs": // link(2) and symlink(2) say EPERM
		return true
	}
	return false
}

// withExchange are the types that exchange names. Where that is not known a run tries, and
// goes the other way if they do not.
func withExchange() []string {
	return []string{"ext4", "ext3", "xfs", "btrfs", "tmpfs", "f2fs", "ubifs", "bcachefs", "overlay"}
}

// CapabilityOf tells what a filesystem can.
func CapabilityOf(fs *scan.Filesystem) Capability {
	c := Capability{
		HardLinks: !withoutLinks(fs),
		LinkLimit: linkLimits[fs.Type],
		Reflinks:  fs.Reflinks,
		Leases:    fs.Type != "" && !fs.Remote && !fs.IsFUSE(),
		Exchange:  slices.Contains(withExchange(), fs.Type),
	}
	c.Mappings = c.Leases && fs.Type != "overlay"
	return c
}
