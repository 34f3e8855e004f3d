package schema

import (
	"slices"
	"strings"
)

// Unfit counts names that cannot be on some filesystems.
type Unfit struct {
	Names    int64  `json:"names"`
	Examples []Path `json:"examples"`
}

// What makes names unfit for some targets.
const (
	UnfitWindows = "windows" // reserved characters, names or endings
	UnfitUTF8    = "utf8"    // bytes that are not UTF-8
	UnfitCase    = "case"    // differs from a neighbour in case only
)

// unfitExamples is how many paths are kept of each kind: the first by path, since workers
// meet them in no particular order, and the same tree is to give the same text.
const unfitExamples = 5

// AddExample puts a path in order among the first ones.
func (u *Unfit) AddExample(p Path) {
	at, known := slices.BinarySearchFunc(u.Examples, p, func(a, b Path) int { return strings.Compare(a.Raw(), b.Raw()) })
	if known || at == unfitExamples {
		return
	}
	u.Examples = slices.Insert(u.Examples, at, p)
	u.Examples = u.Examples[:min(len(u.Examples), unfitExamples)]
}
