package schema

import (
	"cmp"
	"math"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// Set is two or more inodes with equal content that could be joined. Device is
// that of the keeper; the others can be elsewhere where links reach farther than
// hard ones.
type Set struct {
	Size             int64   `json:"size"`
	Digest           string  `json:"digest,omitempty"` // "blake3:" + 64 hex digits; "" when nobody asked for it
	Device           uint64  `json:"device"`
	ReclaimableBytes int64   `json:"reclaimable_bytes"`
	Keeper           uint64  `json:"keeper"`         // inode number
	Link             string  `json:"link,omitempty"` // how its files are joined, in the words of --link; "" is "hard"
	Host             string  `json:"host,omitempty"`
	Inodes           []Inode `json:"inodes"`
}

// Inode is one inode of a set with the names that the scan met.
type Inode struct {
	Inode     uint64 `json:"inode"`
	Device    uint64 `json:"device,omitempty"` // when it is not the set's
	Links     uint32 `json:"links"`
	Allocated int64  `json:"allocated"`
	UID       uint32 `json:"uid"`
	GID       uint32 `json:"gid"`
	Mode      Mode   `json:"mode"`
	Mtime     Time   `json:"mtime"`
	Ctime     Time   `json:"ctime"`
	Paths     []Path `json:"paths"`
	Action    string `json:"action,omitempty"` // ActionKeep, ActionLink or ActionHold
	Reason    string `json:"reason,omitempty"` // why it is held, is a further keeper, frees nothing or was not wholly linked

	To       uint64 `json:"to,omitempty"`        // inode it is linked to, when that is not the set's keeper
	ToDevice uint64 `json:"to_device,omitempty"` // of To, when it is not the set's

	// SharedBytes are, for a reflink, those in blocks that others use already:
	// files, snapshots.
	SharedBytes int64 `json:"shared_bytes,omitempty"`

	// NamesOutside is how many names the scan did not meet; OutsidePaths are
	// those of them that --find-outside found.
	NamesOutside int    `json:"names_outside,omitempty"`
	OutsidePaths []Path `json:"outside_paths,omitempty"`
}

// What a plan does with an inode, for Inode.Action.
const (
	ActionKeep = "keep"
	ActionLink = "link"
	ActionHold = "hold"
)

// ID returns what identifies an inode of the set.
func (s *Set) ID(i *Inode) scan.ID { return scan.ID{Dev: cmp.Or(i.Device, s.Device), Ino: i.Inode} }

// MainKeeper returns the inode of Keeper; a set may have further ones.
func (s *Set) MainKeeper() scan.ID { return scan.ID{Dev: s.Device, Ino: s.Keeper} }

// KeeperID returns the inode that another one of the set goes to.
func (s *Set) KeeperID(i *Inode) scan.ID {
	if i.To == 0 {
		return s.MainKeeper()
	}
	return scan.ID{Dev: cmp.Or(i.ToDevice, s.Device), Ino: i.To}
}

// Outside returns how many names the inode has that the scan did not meet.
func (i *Inode) Outside() int { return max(0, int(i.Links)-len(i.Paths)) }

// IsPinned reports whether the inode would be linked, and would be free but for
// names that the scan did not meet.
func (i *Inode) IsPinned() bool {
	return i.Action == ActionLink && i.Reason == decide.HoldOutside
}

// IsReflink reports whether the set comes to share blocks rather than an inode.
func (s *Set) IsReflink() bool { return s.Link == decide.LinkReflink.String() }

// Frees is what becomes free when an inode of the set is dealt with as planned, in bytes:
// not what others use too, nor anything while a name remains, which its reason tells. A
// file that is to share blocks may have other names.
func (s *Set) Frees(in *Inode) int64 {
	if in.Action != ActionLink || in.Reason != "" || in.Outside() > 0 && !s.IsReflink() {
		return 0
	}
	return max(0, in.Allocated-in.SharedBytes)
}

// Redundant is what a set stores more than once, by the rule of dedupe's plan: the
// smallest file of the set is stored once in any case. So it is never less than what can
// be reclaimed.
func (s *Set) Redundant() (sum int64) {
	for _, n := range s.Redundancies() {
		sum += n
	}
	return sum
}

// Redundancies tells of each inode which part of that lies in it: all that it takes, but
// of the one that stays only what it takes more than the smallest. Those that share
// the keeper's blocks already take nothing.
func (s *Set) Redundancies() []int64 {
	takes := make([]int64, len(s.Inodes))
	stays, least := -1, int64(math.MaxInt64)
	for i := range s.Inodes {
		in := &s.Inodes[i]
		if in.Reason == decide.HoldShared {
			continue
		}
		takes[i] = decide.Stored(s.Size, in.Allocated)
		least = min(least, takes[i])
		if stays < 0 || in.Action == ActionKeep && s.Inodes[stays].Action != ActionKeep {
			stays = i
		}
	}
	if stays >= 0 {
		takes[stays] -= least
	}
	return takes
}

// Appoint names another keeper; devices are told where they are not the set's.
func (s *Set) Appoint(keeper scan.ID) {
	other := func(device uint64) uint64 {
		if device == keeper.Dev {
			return 0
		}
		return device
	}
	for i := range s.Inodes {
		in := &s.Inodes[i]
		id, to := s.ID(in), s.KeeperID(in)
		in.Device = other(id.Dev)
		if in.To != 0 {
			in.To, in.ToDevice = to.Ino, other(to.Dev)
		}
		if to == keeper {
			in.To, in.ToDevice = 0, 0
		}
	}
	s.Device, s.Keeper = keeper.Dev, keeper.Ino
}
