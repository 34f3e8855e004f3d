package view

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/scan"
)

// dirTrees holds the directories that sets lie in, to find those that are equal
// with all that is beneath them.
type dirTrees struct{ nodes map[dirKey]*dirNode }

type dirNode struct {
	files map[string]int // base name -> number of its set
	kids  map[string]*dirNode
}

func newDirTrees() *dirTrees { return &dirTrees{map[dirKey]*dirNode{}} }

func (t *dirTrees) file(k dirKey, base string, set int) { t.node(k).files[base] = set }

func (t *dirTrees) node(k dirKey) *dirNode {
	n := t.nodes[k]
	if n != nil {
		return n
	}
	n = &dirNode{files: map[string]int{}, kids: map[string]*dirNode{}}
	t.nodes[k] = n
	if above, ok := k.parent(); ok {
		_, base := scan.SplitPath(k.path)
		t.node(above).kids[base] = n
	}
	return n
}

// signature is equal for directories that hold the same names with the same
// contents; known is how many of their names lie in sets.
type signature struct {
	sum   [sha256.Size]byte
	known int64
}

// sign works a directory out; every one below it is in the result too.
func (n *dirNode) sign(into map[*dirNode]signature) signature {
	type part struct {
		name string
		id   [sha256.Size]byte
	}
	var parts []part
	s := signature{known: int64(len(n.files))}
	for name, set := range n.files {
		p := part{name: "f" + name}
		binary.LittleEndian.PutUint64(p.id[:], uint64(set)) // a count
		parts = append(parts, p)
	}
	for name, kid := range n.kids {
		below := kid.sign(into)
		s.known += below.known
		parts = append(parts, part{"d" + name, below.sum})
	}
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	h := sha256.New()
	for _, p := range parts {
		h.Write(append([]byte(p.name), 0))
		h.Write(p.id[:])
	}
	h.Sum(s.sum[:0])
	into[n] = s
	return s
}

// whole returns the directories that are equal, the topmost ones, most bytes first.
func (f *dirFinder) whole() []SameDir {
	signs := map[*dirNode]signature{}
	for k, n := range f.trees.nodes {
		if _, ok := k.parent(); !ok {
			n.sign(signs)
		}
	}
	groups := map[[sha256.Size]byte][]dirKey{}
	for k, n := range f.trees.nodes {
		if f.isKnown(k, signs[n]) {
			groups[signs[n].sum] = append(groups[signs[n].sum], k)
		}
	}
	out := []SameDir{}
	for _, group := range groups {
		if len(group) > 1 && !f.isInside(group, groups, signs) {
			out = append(out, f.same(group))
		}
	}
	slices.SortFunc(out, func(a, b SameDir) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), compareDirs(a.Paths[0].key(), b.Paths[0].key()))
	})
	return out
}

func (f *dirFinder) same(group []dirKey) SameDir {
	slices.SortFunc(group, compareDirs)
	s := SameDir{Names: f.sizes[group[0]].Names, Bytes: f.sizes[group[0]].Bytes}
	for _, k := range group {
		s.Paths = append(s.Paths, k.found())
	}
	return s
}

// isInside reports whether the directories above are equal too: then those are
// told, not these.
func (f *dirFinder) isInside(group []dirKey, groups map[[sha256.Size]byte][]dirKey, signs map[*dirNode]signature) bool {
	first, ok := group[0].parent()
	if !ok || f.trees.nodes[first] == nil {
		return false
	}
	sum := signs[f.trees.nodes[first]].sum
	if len(groups[sum]) < 2 {
		return false
	}
	return !slices.ContainsFunc(group, func(k dirKey) bool {
		p, _ := k.parent()
		sign := signs[f.trees.nodes[p]] // not by a search in groups: all 100,000 may be equal
		return sign.sum != sum || !f.isKnown(p, sign)
	})
}

// isKnown reports whether all names in a directory lie in sets.
func (f *dirFinder) isKnown(k dirKey, s signature) bool {
	size, ok := f.sizes[k]
	return ok && size.Names == s.known && size.Names > 0
}
