package decide

import (
	"path/filepath"
	"slices"

	"github.com/oneinode/oneinode/scan"
)

// Reasons why the plan holds an inode that symbolic links were to replace. One with names
// outside is held as well (HoldOutside): nothing would become free, and its names would be parted.
const (
	HoldNoGain = "a symbolic link would take as much room"
	HoldNoPath = "the real path of the directory cannot be told"
	HoldPlaces = "in a directory that is mounted in several places: a relative link out of it would break there (--absolute)"
	HoldChain  = "symbolic links lead to it one after the other: one more could be too many"
)

// chained reports whether a file must not become a symbolic link, since too many
// lead to it one after the other: the kernel follows 40 on one path
// (path_resolution(7)), and some of them may lead through directories. Without
// this end a new keeper every night would make the oldest paths unreadable after
// six weeks.
func (d *decider) chained(ip *InodePlan) bool {
	return d.policy.Link == LinkSymlink &&
		slices.ContainsFunc(ip.Names, func(n scan.Name) bool { return d.tree.Chain(n) >= scan.LongestChain })
}

// longestTarget is PATH_MAX without its NUL, in bytes: what symlink(7) can hold.
// XFS holds less (XFS_SYMLINK_MAXLEN).
const (
	longestTarget    = 4095
	longestTargetXFS = 1023
)

// targetFits reports whether a filesystem of this type can hold the target.
func targetFits(fsType, target string) bool {
	if fsType == "xfs" {
		return len(target) <= longestTargetXFS
	}
	return len(target) <= longestTarget
}

// inodeRoom is the longest target, in bytes, that takes nothing beside the inode.
// ext4 has 60 bytes with the NUL (EXT4_N_BLOCKS), tmpfs 128 (SHORT_SYMLINK_LEN),
// XFS what an inode of 512 bytes has left of its core of 176 (version 5).
var inodeRoom = map[string]int{"ext2": 59, "ext3": 59, "ext4": 59, "tmpfs": 127, "xfs": 336}

// targetTakes estimates the bytes that a symbolic link will take: a block, unless
// the target has room in the inode. Types that are
// not in the list keep targets with the inode, or we do not know.
func targetTakes(fs *scan.Filesystem, target string) int64 {
	room, known := inodeRoom[fs.Type]
	if !known || len(target) <= room {
		return 0
	}
	return fs.Block
}

// LinkTakes is what the filesystem says that a symbolic link takes. Btrfs counts
// a block for each, though the target lies within the tree.
func LinkTakes(fsType string, allocated int64) int64 {
	if fsType == "btrfs" {
		return 0
	}
	return allocated
}

// targetFor is what a symbolic link in dir says to lead to path; both are
// absolute, clean and without links, so that ".." means what it seems to.
func targetFor(dir, path string, isAbsolute bool) string {
	if isAbsolute {
		return path
	}
	target, _ := filepath.Rel(dir, path) // which fails for others only
	return target
}

// Target is what name n must say to lead to the keeper; "" when real paths are
// not known.
func (p *Plan) Target(keeper, n scan.Name) string { return p.policy.target(p.result.Tree, keeper, n) }

func (p Policy) target(t *scan.Tree, keeper, n scan.Name) string {
	dir, path := t.RealDir(t.Dir(n)), t.RealPath(keeper)
	if dir == "" || path == "" {
		return ""
	}
	return targetFor(dir, path, p.Absolute)
}

// Pointed is the name of a keeper that symbolic links lead to: one under a
// reference, which is to stay where it is, or else the first by path.
func (ip *InodePlan) Pointed(t *scan.Tree) scan.Name {
	if i := slices.IndexFunc(ip.Names, t.Protected); i >= 0 {
		return ip.Names[i]
	}
	return ip.Names[0]
}

// point decides that the names of ip become symbolic links to inode number keeper of
// the set, or holds the inode.
func (d *decider) point(inodes []InodePlan, ip *InodePlan, keeper int) {
	frees, why := d.gain(inodes[keeper].Pointed(d.tree), ip)
	if why != "" {
		ip.Action, ip.Reason = ActHold, why
		return
	}
	ip.Action, ip.To, ip.Replace, ip.Frees = ActLink, keeper, ip.Names, frees
}

// gain is what symbolic links in the place of the names free, in bytes, or why
// there are to be none.
func (d *decider) gain(keeper scan.Name, ip *InodePlan) (frees int64, why string) {
	switch {
	case ip.Outside > 0:
		return 0, HoldOutside
	case d.chained(ip):
		return 0, HoldChain
	}
	if frees = ip.Releases(ip.Allocated); frees == 0 && ip.Allocated > 0 {
		return 0, HoldSharedElse
	}
	for _, n := range ip.Names {
		fs := d.tree.Filesystem(n)
		target := d.policy.target(d.tree, keeper, n)
		switch {
		case target == "":
			return 0, HoldNoPath
		case !targetFits(fs.Type, target):
			return 0, ReasonLongTarget
		case !d.policy.Absolute && d.tree.LeadsAstray(n, keeper):
			return 0, HoldPlaces
		}
		frees -= targetTakes(fs, target)
	}
	if frees <= 0 {
		return 0, HoldNoGain
	}
	return frees, ""
}
