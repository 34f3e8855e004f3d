package view

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// Dirs tells which directories share most.
type Dirs struct {
	Schema int       `json:"schema"`
	View   string    `json:"view"`
	Whole  []SameDir `json:"whole"` // equal in all that the scan looked at beneath them, topmost only
	Pairs  []DirPair `json:"pairs"` // sharing a part, most bytes first
	// Crowded counts sets with names in so many directories that they were not
	// taken for pairs: what lies everywhere says nothing about two places.
	Crowded int64  `json:"crowded_sets,omitempty"`
	Note    string `json:"note,omitempty"`
}

// SameDir is directories that hold the same names with the same content.
type SameDir struct {
	Names int64   `json:"names"`
	Bytes int64   `json:"bytes"` // of each
	Paths []Found `json:"paths"`
}

// Found is a directory of a host.
type Found struct {
	schema.Path
	Host string `json:"host,omitempty"`
}

// DirPair is two directories that share content. Percent is the share of the
// smaller one, in bytes.
type DirPair struct {
	A       Found `json:"a"`
	B       Found `json:"b"`
	Bytes   int64 `json:"bytes"`
	Files   int64 `json:"files"` // contents
	Percent int64 `json:"percent"`
}

const (
	crowd      = 24 // directories of one set: 276 pairs
	pairsShown = 100
)

// NewDirs computes the view. It fails for a scan that was saved without the
// sizes of directories.
func NewDirs(src schema.Source) (*Dirs, error) {
	f, d := newDirFinder(src), src.Document()
	if len(f.sizes) == 0 && d.Summary.Sets > 0 {
		return nil, errors.New("a scan has no sizes of directories: save it again with this version")
	}
	out := &Dirs{Schema: schema.Number, View: "dirs", Note: sentences(linked(&d), notAll(&d, "directories shown as equal may differ in it"))}
	number := 0
	for s, err := range src.Sets() {
		if err != nil {
			return nil, err
		}
		number++
		if !f.set(&s, number) {
			out.Crowded++
		}
	}
	out.Whole = f.whole()
	out.Pairs = f.best(out.Whole)
	return out, nil
}

// dirKey is a directory of a host.
type dirKey struct{ host, path string }

func (k dirKey) parent() (dirKey, bool) {
	if k.path == "/" || !strings.Contains(k.path, "/") {
		return k, false
	}
	dir, _ := scan.SplitPath(k.path)
	return dirKey{k.host, dir}, true
}

func (k dirKey) holds(o dirKey) bool {
	return k.host == o.host && (k.path == o.path || strings.HasPrefix(o.path, strings.TrimSuffix(k.path, "/")+"/"))
}

func (k dirKey) found() Found { return Found{schema.NewPath(k.path), k.host} }

func compareDirs(a, b dirKey) int {
	return cmp.Or(strings.Compare(a.host, b.host), strings.Compare(a.path, b.path))
}

// dirPair are two directories by their number in dirFinder.places, the smaller first: of 24
// copies of a tree there are 276 for each directory.
type dirPair struct{ a, b int32 }

type shared struct {
	bytes, files int64
	last         int // number of the set that was counted last
}

// dirPlace is a directory that a set lies in, or one above such a directory.
type dirPlace struct {
	key   dirKey
	above int32 // number of the one above it, -1 for none
	depth int32 // directories above it
	known bool  // it lies in what was scanned
	bytes int64 // in it, if known
}

type dirFinder struct {
	sizes   map[dirKey]schema.Directory
	places  []dirPlace
	numbers map[dirKey]int32 // in places
	pairs   map[dirPair]shared
	trees   *dirTrees
}

func newDirFinder(src schema.Source) *dirFinder {
	f := &dirFinder{sizes: map[dirKey]schema.Directory{}, numbers: map[dirKey]int32{}, pairs: map[dirPair]shared{}, trees: newDirTrees()}
	for d := range src.Directories() {
		f.size(d)
	}
	return f
}

// size notes the sizes of a directory and of those that hold nothing else.
func (f *dirFinder) size(d schema.Directory) {
	k, ok := dirKey{d.Host, d.Raw()}, true
	for n := d.Above; ok && n >= 0; n-- {
		f.sizes[k] = d
		k, ok = k.parent()
	}
}

// set takes one set; false when it lies in too many directories.
func (f *dirFinder) set(s *schema.Set, number int) bool {
	seen := map[int32]bool{}
	var dirs []int32
	for i := range s.Inodes {
		for _, p := range s.Inodes[i].Paths {
			dir, base := scan.SplitPath(p.Raw())
			k := dirKey{s.Host, dir}
			f.trees.file(k, base, number)
			if n := f.number(k); !seen[n] {
				seen[n] = true
				dirs = append(dirs, n)
			}
		}
	}
	if len(dirs) > crowd {
		return false
	}
	for i, a := range dirs {
		for _, b := range dirs[i+1:] {
			f.pair(a, b, s.Size, number)
		}
	}
	return true
}

// number makes a directory, and those above it, known by number.
func (f *dirFinder) number(k dirKey) int32 {
	if n, ok := f.numbers[k]; ok {
		return n
	}
	size, known := f.sizes[k]
	p := dirPlace{key: k, above: -1, known: known, bytes: size.Bytes}
	if above, ok := k.parent(); ok {
		p.above = f.number(above)
		p.depth = f.places[p.above].depth + 1
	}
	n := int32(len(f.places)) // as many directories do not fit into memory
	f.places, f.numbers[k] = append(f.places, p), n
	return n
}

// pair counts a content that both directories hold, and so do those above them. Where one lies
// deeper than the other so does the one above it that is as deep: songs that are filed by title
// in one directory are filed by artist in many.
func (f *dirFinder) pair(a, b int32, size int64, number int) {
	if f.places[a].depth > f.places[b].depth {
		a, b = b, a
	}
	level := b // or the directory above b that is as deep as a
	for f.places[level].depth > f.places[a].depth {
		level = f.places[level].above
	}
	f.climb(a, b, level, size, number)
	if f.places[level].known {
		f.climb(a, level, level, size, number)
	}
}

// climb counts a content for a pair and for those above, which go up in step, as far as none
// of the two lies in the other.
func (f *dirFinder) climb(a, b, level int32, size int64, number int) {
	for a != level {
		p := dirPair{min(a, b), max(a, b)}
		sh := f.pairs[p]
		if sh.last == number {
			return // and so were those above
		}
		f.pairs[p] = shared{sh.bytes + size, sh.files + 1, number}
		a, b, level = f.places[a].above, f.places[b].above, f.places[level].above
		if a < 0 || !f.places[a].known || !f.places[b].known {
			return
		}
	}
}

// rated is a pair with what it says about its directories.
type rated struct {
	a, b    *dirPlace // by path
	shared  shared
	percent int64
}

// rate compares what a pair shares with the smaller one; false for what is not known.
func (f *dirFinder) rate(p dirPair, sh shared) (rated, bool) {
	a, b := &f.places[p.a], &f.places[p.b]
	if compareDirs(a.key, b.key) > 0 {
		a, b = b, a
	}
	smaller := min(a.bytes, b.bytes)
	if smaller <= 0 {
		return rated{}, false
	}
	return rated{a, b, sh, min(100, sh.bytes*100/smaller)}, true
}

// worth orders pairs: one with 5 % of much in common says less than one with 95 % of less.
func (r *rated) worth() float64 {
	return float64(r.shared.bytes) * float64(r.percent) * float64(r.percent)
}

// bytes is what lies in both: of pairs that share as much those say more that hold little else.
func (r *rated) bytes() int64 { return r.a.bytes + r.b.bytes }

func (r *rated) found() DirPair {
	return DirPair{A: r.a.key.found(), B: r.b.key.found(), Bytes: r.shared.bytes, Files: r.shared.files, Percent: r.percent}
}

// best returns the pairs worth telling: those that share much of themselves,
// and not those inside of a pair that is told already.
func (f *dirFinder) best(whole []SameDir) []DirPair {
	list := make([]rated, 0, len(f.pairs))
	for p, sh := range f.pairs {
		if r, ok := f.rate(p, sh); ok {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b rated) int {
		return cmp.Or(cmp.Compare(b.worth(), a.worth()), cmp.Compare(a.bytes(), b.bytes()), cmp.Compare(len(a.a.key.path), len(b.a.key.path)), compareDirs(a.a.key, b.a.key), compareDirs(a.b.key, b.b.key))
	})
	told := []DirPair{}
	equal := newEquals(whole)
	for i := range list {
		if len(told) == pairsShown {
			break
		}
		p := list[i].found()
		if !slices.ContainsFunc(told, func(t DirPair) bool { return t.covers(&p) }) && !equal.have(&p) {
			told = append(told, p)
		}
	}
	slices.SortStableFunc(told, func(a, b DirPair) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return told
}

func (d Found) key() dirKey { return dirKey{d.Host, d.Raw()} }

// covers reports whether two pairs are about the same places: of each one directory lies in one
// of the other pair.
func (p *DirPair) covers(o *DirPair) bool {
	pa, pb, oa, ob := p.A.key(), p.B.key(), o.A.key(), o.B.key()
	near := func(x, y dirKey) bool { return x.holds(y) || y.holds(x) }
	return near(pa, oa) && near(pb, ob) || near(pa, ob) && near(pb, oa)
}

// equals tells which directories are told as equal: there may be as many as pairs.
type equals struct {
	group map[dirKey]int // by number
	looks int            // for tests
}

func newEquals(whole []SameDir) *equals {
	e := &equals{group: map[dirKey]int{}}
	for i := range whole {
		for _, f := range whole[i].Paths {
			e.group[f.key()] = i
		}
	}
	return e
}

// have reports whether the pair lies inside directories that are told as equal.
func (e *equals) have(p *DirPair) bool {
	groups := e.above(p.A.key())
	return slices.ContainsFunc(e.above(p.B.key()), func(g int) bool { return slices.Contains(groups, g) })
}

// above lists the groups that a directory lies in, with what is beneath it.
func (e *equals) above(k dirKey) (groups []int) {
	for ok := true; ok; k, ok = k.parent() {
		e.looks++
		if g, isEqual := e.group[k]; isEqual {
			groups = append(groups, g)
		}
	}
	return groups
}
