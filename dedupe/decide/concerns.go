package decide

import (
	"slices"

	"github.com/oneinode/oneinode/scan"
)

// Concerns says of which files the policy could replace any, for hash.Options.Wanted: nil if
// that may be all. Files of one size, of which all lie under references, stay whatever is in
// them, and so do those inside one PATH with AcrossOnly: they need not be read.
func (p Policy) Concerns(tree *scan.Tree) func(scan.Name) bool {
	protects := slices.ContainsFunc(tree.Roots(), func(r scan.Root) bool { return r.Protected })
	if !p.AcrossOnly && !protects {
		return nil
	}
	group := p.Group(tree.Filesystems())
	of := func(n scan.Name) sizeClass { return sizeClass{group(tree.Domain(n)), tree.Size(n)} }
	met := map[sizeClass]reach{}
	for n := range scan.Name(tree.Len()) {
		class, root := of(n), tree.Root(n)
		r, known := met[class]
		if !known {
			r.root = root
		}
		r.across = r.across || root != r.root
		r.open = r.open || !tree.Protected(n)
		met[class] = r
	}
	return func(n scan.Name) bool {
		r := met[of(n)]
		return r.open && (r.across || !p.AcrossOnly)
	}
}

// sizeClass is the files that may come to share a set.
type sizeClass struct {
	group uint32
	size  int64
}

// reach is where the names of a class lie.
type reach struct {
	root   int  // of the first
	across bool // there are names under another PATH
	open   bool // there are names under no reference
}
