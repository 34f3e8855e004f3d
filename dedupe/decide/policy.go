package decide

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/scan"
)

// Match is the set of metadata that must agree beside the content before two
// inodes may become one.
type Match uint8

const (
	MatchOwner Match = 1 << iota
	MatchGroup
	MatchMode
	MatchMtime
	MatchXattr
	MatchName // the inodes' sets of base names are the same

	MatchNone    Match = 0
	MatchDefault       = MatchOwner | MatchGroup | MatchMode | MatchXattr
	MatchAll           = MatchDefault | MatchMtime | MatchName
)

// rules names the bits of a Match in the order in which they are told.
var rules = [...]struct {
	bit  Match
	name string
}{
	{MatchOwner, "owner"}, {MatchGroup, "group"}, {MatchMode, "mode"},
	{MatchMtime, "mtime"}, {MatchXattr, "xattr"}, {MatchName, "name"},
}

// ParseMatch reads a list as in --match: rule names joined by commas, or "none", or "all".
func ParseMatch(list string) (Match, error) {
	switch list {
	case "none":
		return MatchNone, nil
	case "all":
		return MatchAll, nil
	}
	var m Match
	for word := range strings.SplitSeq(list, ",") {
		bit, ok := ruleNamed(word)
		if !ok {
			return 0, fmt.Errorf("%q is not one of %s (or alone: none, all)", word, strings.Join(MatchAll.Words(), ", "))
		}
		m |= bit
	}
	return m, nil
}

func ruleNamed(name string) (Match, bool) {
	for _, r := range rules {
		if r.name == name {
			return r.bit, true
		}
	}
	return 0, false
}

// String gives the list back as ParseMatch reads it.
func (m Match) String() string {
	if m == MatchNone {
		return "none"
	}
	return strings.Join(m.Words(), ",")
}

// Words lists the names of the rules; empty for MatchNone.
func (m Match) Words() []string {
	words := []string{}
	for _, r := range rules {
		if m&r.bit != 0 {
			words = append(words, r.name)
		}
	}
	return words
}

// Keep says which inode of a set stays when no reference decides.
type Keep uint8

const (
	KeepMostLinks Keep = iota // ties: oldest, then path order
	KeepOldest                // by mtime
	KeepNewest
	KeepFirst // order of the PATH arguments
)

var keepNames = [...]string{"most-links", "oldest", "newest", "first"}

// ParseKeep reads the word of --keep.
func ParseKeep(word string) (Keep, error) {
	i, err := parseWord(word, keepNames[:])
	return Keep(i), err
}

// parseWord returns the index of a word among those that a flag takes.
func parseWord(word string, names []string) (int, error) {
	if i := slices.Index(names, word); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%q is not one of %s", word, strings.Join(names, ", "))
}

// String gives the word back as ParseKeep reads it.
func (k Keep) String() string { return keepNames[k] }

// Policy is everything that the user decides about what may become one.
type Policy struct {
	Link  Link
	Match Match
	// MatchReflink takes the place of Match where files come to share blocks only:
	// each keeps its own metadata, so that nothing needs to agree.
	MatchReflink Match
	Absolute     bool // symbolic links say the whole path of the keeper

	Keep       Keep
	AcrossOnly bool // a name is replaced only by an inode that has a name under an earlier PATH, or a reference
	// MaxLinks is the most links that an inode may get; 0 = what the filesystem allows.
	MaxLinks uint32

	// ScanOnly: nothing is going to be linked from here, so that read-only mounts do
	// not count: the scan may be carried out where they can be written to.
	ScanOnly bool

	Unmapped Unmapped

	// Chosen are inodes that a saved scan has chosen as keepers: they stay, whatever Keep says.
	Chosen map[scan.ID]bool
}

// Unmapped are the ids by which a user namespace shows every owner and every group
// that it does not know (user_namespaces(7)), as a rootless container has it: two
// files that show one may belong to different users. 0 where all are known.
type Unmapped struct{ UID, GID int64 }

// Knows reports whether these are ids of a user and a group.
func (u Unmapped) Knows(uid, gid uint32) bool { return isKnown(uid, u.UID) && isKnown(gid, u.GID) }

func isKnown(id uint32, unmapped int64) bool { return unmapped == 0 || int64(id) != unmapped }

// linkLimits are the kernel's own limits of links to an inode, by filesystem
// type: EXT4_LINK_MAX, EXT2_LINK_MAX, BTRFS_LINK_MAX, XFS_MAXLINK. A type that
// is not here has none that we know; EMLINK tells then.
var linkLimits = map[string]uint32{
	"ext4": 65000, "ext3": 65000, "ext2": 32000, "btrfs": 65535, "xfs": 1<<31 - 1,
}

// LinkLimit is that of a filesystem type, 0 if there is none that we know.
func LinkLimit(fsType string) uint32 { return linkLimits[fsType] }

// linkLimit is the most links that an inode on a filesystem of this type may get.
func (p Policy) linkLimit(fsType string) uint32 {
	limit := cmp.Or(LinkLimit(fsType), math.MaxUint32)
	if p.MaxLinks != 0 {
		limit = min(limit, p.MaxLinks)
	}
	return limit
}
