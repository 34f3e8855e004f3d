package scan

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
)

// RootError says that a PATH itself could not be used.
type RootError struct {
	Path string
	Hint string // what the user can do, "" if there is nothing to add
	Err  error
}

func (e *RootError) Error() string {
	text := "cannot scan " + e.Path + ": " + e.Err.Error()
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

func (e *RootError) Unwrap() error { return e.Err }

var (
	errRootSymlink = errors.New(ReasonRootSymlink)
	errRootSpecial = errors.New(ReasonRootSpecial)
	errRootVirtual = errors.New(ReasonVirtual)
)

// givenRoots is what the PATHs led to. But for protection and the start of
// walks, which mu guards, it does not change after the check.
type givenRoots struct {
	dirs    map[ID]*givenDir
	order   []*givenDir
	holders map[ID]*holder
	files   map[fileKey]uint32   // root of each given file
	own     map[uint32]domainKey // device and mount by root, of directories
	cwd     string               // for absolute paths, when a filter reads them

	mu sync.Mutex
}

// givenDir is a directory given as PATH.
type givenDir struct {
	root   uint32 // the first that names it
	dir    Dir
	anchor uint32
	begun  bool // its walk was started, or is not to be
}

// holder is a directory that holds files given as PATH. It is shared by all of
// them, so that a million files in one directory need one descriptor.
type holder struct {
	number uint32
	dir    Dir
	anchor uint32
	domain domainKey
	mark   string // why its files are left out, "" if they are not
}

// fileKey is a given file: the number of its holder and its name there.
type fileKey struct {
	holder uint32
	base   string
}

// start returns the walks to begin: those of protected roots, or all the rest.
func (s *scanner) start(protected bool) []task {
	var tasks []task
	for i := len(s.given.order) - 1; i >= 0; i-- { // the last is taken first
		g := s.given.order[i]
		if g.begun || protected && !s.tree.protected[g.root] {
			continue
		}
		g.begun = true
		tasks = append(tasks, task{dir: g.dir})
	}
	return tasks
}

// meetRoot: the walk of one root has come to another one, which goes on by
// itself. What is reached from a protected root is protected.
func (s *scanner) meetRoot(from uint32, g *givenDir) {
	if !s.tree.protected[from] {
		return
	}
	s.given.mu.Lock()
	defer s.given.mu.Unlock()
	if s.tree.protected[g.root] {
		return
	}
	s.tree.protected[g.root] = true
	if !g.begun {
		g.begun = true
		s.queue.push(task{dir: g.dir})
	}
}

// meetHolder: the directory at work holds files that were given as PATH.
func (w *walker) meetHolder() {
	h := w.given.holders[w.at.id]
	if h == nil {
		return
	}
	w.at.holder = h
	w.meetAgain(h.dir, w.tree.RealDir(w.at.dir))
	if h.domain == w.at.domain {
		w.aliases = append(w.aliases, alias{holds: h.dir, met: w.at.dir})
	}
}

// unwalked lists the directories of given files that no walk has come to, but for those
// that are marked.
func (g *givenRoots) unwalked(t *Tree) (dirs []Dir) {
	for _, h := range g.holders {
		if t.dir(h.dir).kind == dirHolds && h.mark == "" {
			dirs = append(dirs, h.dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

// isGiven reports whether a file of the directory at work was given as PATH,
// and so is recorded already, as a leftover too.
func (w *walker) isGiven(name []byte) bool {
	root, ok := w.given.files[fileKey{w.at.holder.number, string(name)}]
	if ok && w.tree.protected[w.at.root] {
		w.tree.protected[root] = true // one walker alone deals with a name of this directory
	}
	return ok
}

// protectBelow protects every root that lies beneath a protected directory by
// its real path.
func (s *scanner) protectBelow() {
	tops := make(map[string]bool)
	for _, g := range s.given.order {
		if real := s.tree.anchors.list[g.anchor].real; s.tree.protected[g.root] && real != "" {
			tops[real] = true
		}
	}
	if len(tops) == 0 {
		return
	}
	below := func(anchor uint32) bool { return isBelow(tops, s.tree.anchors.list[anchor].real) }
	for _, g := range s.given.order {
		s.protect(g.root, below(g.anchor))
	}
	covered := make(map[uint32]bool)
	for _, h := range s.given.holders {
		covered[h.number] = below(h.anchor)
	}
	for key, root := range s.given.files {
		s.protect(root, covered[key.holder])
	}
}

// protect protects a root that another protected one leads to, too.
func (s *scanner) protect(root uint32, too bool) {
	s.tree.protected[root] = s.tree.protected[root] || too
}

// isBelow reports whether real is one of tops or lies beneath one.
func isBelow(tops map[string]bool, real string) bool {
	for real != "" {
		if tops[real] {
			return true
		}
		parent := filepath.Dir(real)
		if parent == real {
			return false
		}
		real = parent
	}
	return false
}

// absolute returns a clean path as an absolute one that never ends in a slash,
// "" when that is the root directory.
func (g *givenRoots) absolute(clean string) string {
	switch {
	case leadsUp(clean):
		clean, _ = Absolute(clean)
	case !filepath.IsAbs(clean):
		clean = filepath.Join(g.cwd, clean)
	}
	if clean == "/" {
		return ""
	}
	return clean
}
