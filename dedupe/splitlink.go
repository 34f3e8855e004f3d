package dedupe

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// splitLink is a symbolic link that is about to become a file again.
type splitLink struct {
	path   string // as given, or as the journal has it
	given  bool   // by name
	target string
	file   scan.Stat // what it leads to
	was    *madeLink // what a run made it of, nil if no journal tells
}

// madeLink is a name that a run made a symbolic link.
type madeLink struct {
	set  *journal.Set
	old  *journal.Old
	path string
}

// linkKey is what a symbolic link of a run is found by.
type linkKey struct {
	nameKey
	target string
}

// AddLinks adds symbolic links: those given by name, and below the directories
// those that a run has made, which the journals tell. A copy is made of the file
// that a link leads to. It gets owner, mode, times and attributes that the path
// had before its run if the content still is the old one, else those of the file, but
// that only for links that were given by name: where others may write, a link of a run
// can lead to anything by now, and root would make a readable copy of it.
func (s *Split) AddLinks(stateDir string, given, below []string) {
	made := madeLinks(stateDir)
	for _, path := range given {
		s.addLink(&splitLink{path: absolute(path), given: true}, made)
	}
	for i, top := range below {
		below[i] = realOf(top)
	}
	if len(below) == 0 {
		return
	}
	for key, m := range made {
		if !isUnder(realOf(parentOf(m.path)), below) {
			continue
		}
		if text, err := os.Readlink(m.path); err == nil && text == key.target {
			s.addLink(&splitLink{path: absolute(m.path)}, made)
		}
	}
	slices.SortFunc(s.links, func(a, b *splitLink) int { return strings.Compare(a.path, b.path) })
}

// madeLinks reads what all journals say; the latest run counts.
func madeLinks(stateDir string) map[linkKey]*madeLink {
	made := map[linkKey]*madeLink{}
	journals, _ := journal.List(stateDir) // one that cannot be read explains nothing
	for _, j := range journals {
		if j.Info.Kind != journal.KindDedupe {
			continue
		}
		u, err := readUndo(j)
		if err != nil {
			continue
		}
		_ = u.pasts(func(p *past) bool {
			for _, n := range p.names {
				if n.Target != "" {
					key := linkKey{keyOfName(&n.Replace), string(n.Target)}
					made[key] = &madeLink{p.set, p.old, string(n.Path)}
				}
			}
			return true
		})
	}
	return made
}

// realOf resolves links as far as it can.
func realOf(path string) string {
	path = absolute(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func isUnder(path string, tops []string) bool {
	return slices.ContainsFunc(tops, func(top string) bool {
		return path == top || strings.HasPrefix(path, strings.TrimSuffix(top, "/")+"/")
	})
}

// addLink takes one link; what is wrong with it is told when it is its turn.
func (s *Split) addLink(l *splitLink, made map[linkKey]*madeLink) {
	if s.known[l.path] {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[l.path] = true
	s.links = append(s.links, l)
	dir, now, err := l.openParent()
	if err != nil {
		return
	}
	defer kernel.Close(dir)
	if l.target, err = kernel.ReadSymlink(dir, baseOf(l.path)); err != nil {
		return
	}
	l.was = made[linkKey{nameKey{now.Ino, baseOf(l.path)}, l.target}]
	if l.file, err = statThrough(dir, l.target); err != nil {
		return
	}
	s.sum.add(dir, now.Dev, &l.file, l.file.Allocated)
	s.Needs = s.sum.list()
}

// openParent opens the directory of the link. Links on the way to a path that the user gave
// are the user's; on the way to what a journal tells, others may have put some since (openTop).
func (l *splitLink) openParent() (dir int, now scan.Stat, err error) {
	parent := parentOf(l.path)
	if l.given {
		parent = realOf(parent)
	}
	if dir, err = openTop(parent); err != nil {
		return -1, now, &os.PathError{Op: "open", Path: parent, Err: err}
	}
	if now, err = scan.FStatNow(dir); err != nil {
		kernel.Close(dir)
		return -1, now, err
	}
	return dir, now, nil
}

func (l *splitLink) announce(t *taker, run string) *pastName {
	p := &pastName{tmp: temporaryName(run)}
	p.Path, p.Temporary, p.Target = journal.Path(l.path), p.tmp, journal.Path(l.target)
	if dir, now, err := l.openParent(); err == nil {
		p.DirDev, p.DirInode = now.Dev, now.Ino
		kernel.Close(dir)
	}
	t.append(p, journal.Set{Dev: l.file.Dev, Keeper: l.file.Ino, Link: decide.LinkSymlink.String()}, 0)
	return p
}

// separate makes a file of the link: as it was before its run, if it can be.
func (l *splitLink) separate(ctx context.Context, s *Split, t *taker, p *pastName) (int64, *refusal) {
	dir, now, err := l.openParent()
	if err != nil {
		return 0, goneOr(ReasonDirGone, err)
	}
	defer kernel.Close(dir)
	if now.Ino != p.DirInode || l.target == "" {
		return 0, skip(ReasonChanged)
	}
	sep := l.separation()
	if sep.want == nil && !l.given {
		return 0, skip(ReasonDirGone) // no journal tells of the link in this one
	}
	bytes, r := t.separateAlone(ctx, &sep, dir, p)
	if r.isEdited() && l.given {
		sep = separation{target: l.target}
		bytes, r = t.separateAlone(ctx, &sep, dir, p)
	}
	return bytes, s.unshare(ctx, dir, baseOf(l.path), r)
}

// separation is that to a file as it was before its run, if a journal tells of that.
func (l *splitLink) separation() separation {
	if l.was != nil {
		if want, r := contentOf(l.was.set, l.was.old); r == nil {
			return separation{target: l.target, old: l.was.old, want: want}
		}
	}
	return separation{target: l.target}
}
