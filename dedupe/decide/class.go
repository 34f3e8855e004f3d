package decide

import (
	"slices"
	"strings"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// classKey is equal for exactly those inodes of a set that the policy lets
// become one.
type classKey struct {
	uid, gid int64 // negative, and of this inode alone, where they cannot be known
	mode     uint32
	xattrs   [16]byte
	unknown  int // 1 + the member's index where xattrs could not be read: equal to nobody
	mtime    int64
	names    string
	noCow    bool // for a reflink
	// encryption, for a hard link: link(2) refuses to bring another policy into an encrypted
	// directory, and a plain one would lose its file whenever the key is taken away.
	encryption [16]byte
	// project, for a hard link: that of a directory which lets in no files of others.
	project uint32
}

// keyOf computes the class of one inode. A setuid or setgid file always shows
// owner, group and mode, whatever the policy gave up: joining two of them could
// hand one user's rights to another. Reflinks hand over nothing but bytes that
// are equal anyway.
func keyOf(p Policy, a hash.Attrs, ip *InodePlan, index int, t *scan.Tree) classKey {
	k := classKey{noCow: ip.Layout.NoCow}
	if p.Link == LinkHard {
		k.encryption, k.project = a.Encryption, ip.Layout.Project
	}
	m := p.Match
	lends := a.Mode&scan.SetIDs != 0 && p.Link != LinkReflink
	if lends || m&MatchOwner != 0 {
		k.uid = known(a.UID, p.Unmapped.UID, index)
	}
	if lends || m&MatchGroup != 0 {
		k.gid = known(a.GID, p.Unmapped.GID, index)
	}
	if lends || m&MatchMode != 0 {
		k.mode = a.Mode & scan.Permissions
	}
	if m&MatchXattr != 0 {
		k.xattrs = a.Xattrs
		if a.XattrsUnknown {
			k.unknown = index + 1
		}
	}
	if m&MatchMtime != 0 {
		k.mtime = ip.Mtime
	}
	if m&MatchName != 0 {
		k.names = baseNames(t, ip.Names)
	}
	return k
}

// known returns an owner or a group, or what no other inode has, if it is the id that
// stands for all unknown ones.
func known(id uint32, unmapped int64, index int) int64 {
	if isKnown(id, unmapped) {
		return int64(id)
	}
	return -1 - int64(index)
}

// baseNames joins the distinct base names of an inode, sorted; "/" cannot be
// part of a name.
func baseNames(t *scan.Tree, names []scan.Name) string {
	bases := make([]string, len(names))
	for i, n := range names {
		bases[i] = string(t.Base(n))
	}
	slices.Sort(bases)
	return strings.Join(slices.Compact(bases), "/")
}

// differing are the rules in which two inodes do not agree.
func differing(a, b *classKey) (m Match) {
	differ := [...]bool{
		a.uid != b.uid, a.gid != b.gid, a.mode != b.mode, a.mtime != b.mtime,
		a.xattrs != b.xattrs || a.unknown != b.unknown, a.names != b.names,
	}
	for i, r := range rules {
		if differ[i] {
			m |= r.bit
		}
	}
	return m
}

// differences names what two inodes do not agree in, for people.
func differences(a, b *classKey) string {
	return "differs in " + strings.Join(append(differing(a, b).Words(), limits(a, b)...), ", ")
}

// limits are those of the filesystem that keep two inodes apart, whatever the policy gives up.
func limits(a, b *classKey) (words []string) {
	if a.noCow != b.noCow {
		words = append(words, "copy-on-write")
	}
	if a.encryption != b.encryption {
		words = append(words, "encryption")
	}
	if a.project != b.project {
		words = append(words, "project")
	}
	return words
}

// classes splits the indices 0..n-1 of a set's inodes by what the policy lets
// become one, in the order in which the classes first appear.
func classes(keys []classKey) [][]int {
	if alike(keys) {
		return [][]int{count(len(keys))}
	}
	at := map[classKey]int{}
	var out [][]int
	for i, k := range keys {
		c, ok := at[k]
		if !ok {
			c = len(out)
			at[k] = c
			out = append(out, nil)
		}
		out[c] = append(out[c], i)
	}
	return out
}

// alike reports whether all keys are equal, which is so for most sets.
func alike(keys []classKey) bool {
	for i := 1; i < len(keys); i++ {
		if keys[i] != keys[0] {
			return false
		}
	}
	return len(keys) > 0
}

// count lists 0..n-1.
func count(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
