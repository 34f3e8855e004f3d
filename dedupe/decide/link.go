package decide

import (
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Link is the way in which files come to share what they hold.
type Link uint8

const (
	LinkHard    Link = iota // names of one inode: later edits and metadata are shared, too
	LinkReflink             // inodes of their own that share their blocks until one of them is written to
	LinkSymlink             // names that say where the keeper is
	// LinkAuto is for a Policy only: reflinks on filesystems that have them, hard
	// links elsewhere.
	LinkAuto
)

var linkNames = [...]string{"hard", "reflink", "symlink", "auto"}

// ParseLink reads the word of --link.
func ParseLink(word string) (Link, error) {
	i, err := parseWord(word, linkNames[:])
	return Link(i), err
}

// String gives the word back as ParseLink reads it.
func (l Link) String() string { return linkNames[l] }

// On resolves what depends on the filesystem: the policy for its sets has no
// LinkAuto any more, and the Match that counts there.
func (p Policy) On(fs *scan.Filesystem) Policy {
	if p.Link == LinkAuto {
		p.Link = LinkHard
		if fs.Reflinks {
			p.Link = LinkReflink
		}
	}
	if p.Link == LinkReflink {
		p.Match = p.MatchReflink
	}
	return p
}

// Without returns the domains with files that the policy can do nothing for, those
// without reflinks when it asks for them, and whether there are no others.
func (p Policy) Without(tree *scan.Tree) (without []scan.Filesystem, all bool) {
	if p.Link != LinkReflink {
		return nil, false
	}
	all = true
	for d, amount := range tree.DomainAmounts() {
		switch fs := tree.Filesystems()[d]; {
		case amount.Names == 0:
		case fs.Reflinks:
			all = false
		default:
			without = append(without, fs)
		}
	}
	return without, all && len(without) > 0
}

// Group says which domains may share a set, for hash.Options.Group: hard links
// need one mount, reflinks one filesystem that has them, behind any mount and
// subvolume, and symbolic links reach everywhere.
func (p Policy) Group(filesystems []scan.Filesystem) func(scan.Domain) uint32 {
	if p.Link == LinkSymlink {
		return func(scan.Domain) uint32 { return 0 }
	}
	groups := make([]uint32, len(filesystems))
	first := map[uint64]uint32{} // domain by superblock
	for d := range filesystems {
		fs := &filesystems[d]
		groups[d] = uint32(d)
		switch {
		case p.On(fs).Link != LinkReflink:
		case !fs.Reflinks:
			groups[d] = hash.NoGroup
		default:
			if _, met := first[fs.Superblock]; !met {
				first[fs.Superblock] = uint32(d)
			}
			groups[d] = first[fs.Superblock]
		}
	}
	return func(d scan.Domain) uint32 { return groups[d] }
}
