package report

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Dirs tells which directories share most.
type Dirs struct {
	Schema int       `json:"schema"`
	View   string    `json:"view"`
	Whole  []SameDir `json:"whole"` // equal with all that is beneath them, topmost only
	Pairs  []DirPair `json:"pairs"` // sharing a part, most bytes first
	// Crowded counts sets with names in so many directories that they were not
	// taken for pairs: what lies everywhere says nothing about two places.
	Crowded int64 `json:"crowded_sets,omitempty"`
}

// SameDir is directories that hold the same names with the same content.
type SameDir struct {
	Names int64   `json:"names"`
	Bytes int64   `json:"bytes"` // of each
	Paths []Found `json:"paths"`
}

// Found is a directory of a host.
type Found struct {
	Path
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
func NewDirs(src Source) (*Dirs, error) {
	f := newDirFinder(src)
	if len(f.sizes) == 0 && src.Document().Summary.Sets > 0 {
		return nil, errors.New("a scan has no sizes of directories: save it again with this version")
	}
	out := &Dirs{Schema: Schema, View: "dirs"}
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

type dirKey struct{ host, path string }

func (k dirKey) parent() (dirKey, bool) {
	cut := strings.LastIndexByte(k.path, '/')
	switch {
	case cut < 0 || k.path == "/":
		return k, false
	case cut == 0:
		return dirKey{k.host, "/"}, true
	}
	return dirKey{k.host, k.path[:cut]}, true
}

func (k dirKey) holds(o dirKey) bool {
	return k.host == o.host && (k.path == o.path || strings.HasPrefix(o.path, strings.TrimSuffix(k.path, "/")+"/"))
}

func (k dirKey) found() Found { return Found{NewPath(k.path), k.host} }

func compareDirs(a, b dirKey) int {
	return cmp.Or(strings.Compare(a.host, b.host), strings.Compare(a.path, b.path))
}

type dirPair struct{ a, b dirKey }

type shared struct {
	bytes, files int64
	last         int // number of the set that was counted last
}

type dirFinder struct {
	sizes map[dirKey]Directory
	pairs map[dirPair]*shared
	trees *dirTrees
}

func newDirFinder(src Source) *dirFinder {
	f := &dirFinder{sizes: map[dirKey]Directory{}, pairs: map[dirPair]*shared{}, trees: newDirTrees()}
	for d := range directories(src) {
		f.size(d)
	}
	return f
}

// size notes the sizes of a directory and of those that hold nothing else.
func (f *dirFinder) size(d Directory) {
	k, ok := dirKey{d.Host, d.Raw()}, true
	for n := d.Above; ok && n >= 0; n-- {
		f.sizes[k] = d
		k, ok = k.parent()
	}
}

// set takes one set; false when it lies in too many directories.
func (f *dirFinder) set(s *Set, number int) bool {
	seen := map[dirKey]bool{}
	var dirs []dirKey
	for i := range s.Inodes {
		for _, p := range s.Inodes[i].Paths {
			dir, base := splitRaw(p.Raw())
			k := dirKey{s.Host, dir}
			f.trees.file(k, base, number)
			if !seen[k] {
				seen[k] = true
				dirs = append(dirs, k)
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

func splitRaw(p string) (dir, base string) {
	cut := strings.LastIndexByte(p, '/')
	switch {
	case cut < 0:
		return ".", p
	case cut == 0:
		return "/", p[1:]
	}
	return p[:cut], p[cut+1:]
}

// pair counts a content that both directories hold, and so do those above them.
func (f *dirFinder) pair(a, b dirKey, size int64, number int) {
	for a != b && !a.holds(b) && !b.holds(a) {
		p := dirPair{a, b}
		if compareDirs(a, b) > 0 {
			p = dirPair{b, a}
		}
		sh := f.pairs[p]
		if sh == nil {
			sh = &shared{}
			f.pairs[p] = sh
		}
		if sh.last == number {
			return // and so were those above
		}
		sh.bytes, sh.files, sh.last = sh.bytes+size, sh.files+1, number
		var okA, okB bool
		a, okA = a.parent()
		b, okB = b.parent()
		if !okA || !okB || !f.known(a) || !f.known(b) {
			return
		}
	}
}

// known reports whether a directory lies in what was scanned.
func (f *dirFinder) known(k dirKey) bool {
	_, ok := f.sizes[k]
	return ok
}

// best returns the pairs worth telling: those that share much of themselves,
// and not those inside of a pair that is told already.
func (f *dirFinder) best(whole []SameDir) []DirPair {
	list := make([]DirPair, 0, len(f.pairs))
	for p, sh := range f.pairs {
		smaller := min(f.sizes[p.a].Bytes, f.sizes[p.b].Bytes)
		if smaller <= 0 {
			continue
		}
		list = append(list, DirPair{
			A: p.a.found(), B: p.b.found(), Bytes: sh.bytes, Files: sh.files,
			Percent: min(100, sh.bytes*100/smaller),
		})
	}
	// A pair with 5 % of much in common says less than one with 95 % of less.
	worth := func(p *DirPair) float64 { return float64(p.Bytes) * float64(p.Percent) * float64(p.Percent) }
	slices.SortFunc(list, func(a, b DirPair) int {
		return cmp.Or(cmp.Compare(worth(&b), worth(&a)), cmp.Compare(len(a.A.Text), len(b.A.Text)), compareDirs(a.A.key(), b.A.key()), compareDirs(a.B.key(), b.B.key()))
	})
	told := []DirPair{}
	equal := newEquals(whole)
	for _, p := range list {
		if len(told) == pairsShown {
			break
		}
		if !slices.ContainsFunc(told, func(t DirPair) bool { return t.covers(&p) }) && !equal.have(&p) {
			told = append(told, p)
		}
	}
	slices.SortStableFunc(told, func(a, b DirPair) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return told
}

func (d Found) key() dirKey { return dirKey{d.Host, d.Raw()} }

// covers reports whether one pair lies inside of the other, either way.
func (p *DirPair) covers(o *DirPair) bool {
	pa, pb, oa, ob := p.A.key(), p.B.key(), o.A.key(), o.B.key()
	in := func(x, y, u, v dirKey) bool { return x.holds(u) && y.holds(v) || x.holds(v) && y.holds(u) }
	return in(pa, pb, oa, ob) || in(oa, ob, pa, pb)
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
