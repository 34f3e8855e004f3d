package scan

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// patterns are globs that are matched against one form of a name. Most are plain
// words or "*.ext", which need no matcher: they are looked up, so that a list of
// thousands takes no longer than one of a few.
type patterns struct {
	equal   words
	below   words // equal to what follows any slash, or to all of it
	suffix  words // "*.ext": what follows the star, which stands for no slash
	lengths []int // of the suffixes, in bytes
	rest    []pattern
}

// words are what globs say; the value tells whether one of them is for files, too.
type words map[string]bool

// pattern is a glob for the matcher.
type pattern struct {
	text    string
	dirOnly bool
}

const metaCharacters = `*?[{\`

func (p *patterns) add(glob string, dirOnly bool) {
	rest, star := strings.CutPrefix(glob, "*")
	switch {
	case !strings.ContainsAny(glob, metaCharacters):
		p.equal.add(glob, dirOnly)
	case star && !strings.ContainsAny(rest, metaCharacters+"/"):
		if p.suffix.add(rest, dirOnly); !slices.Contains(p.lengths, len(rest)) {
			p.lengths = append(p.lengths, len(rest))
		}
	default:
		p.rest = append(p.rest, pattern{glob, dirOnly})
	}
}

// addBelow adds a glob that may begin at any element of a path. The matcher takes all bytes
// that are not UTF-8 for one character, U+FFFD, and so does ContainsAny.
func (p *patterns) addBelow(glob string, dirOnly bool) {
	if !strings.ContainsAny(glob, metaCharacters+"\uFFFD") {
		p.below.add(glob, dirOnly)
		return
	}
	p.rest = append(p.rest, pattern{"**/" + glob, dirOnly})
}

func (p *patterns) empty() bool {
	return len(p.equal)+len(p.below)+len(p.suffix)+len(p.rest) == 0
}

// match reports whether one of the globs matches s.
func (p *patterns) match(s string, isDir bool) bool {
	return p.equal.has(s, isDir) || p.matchesEnd(s, isDir) || p.matchesBelow(s, isDir) || p.matchesRest(s, isDir)
}

func (p *patterns) matchesEnd(s string, isDir bool) bool {
	for _, n := range p.lengths {
		if n <= len(s) && p.suffix.has(s[len(s)-n:], isDir) && !strings.Contains(s[:len(s)-n], "/") {
			return true
		}
	}
	return false
}

func (p *patterns) matchesBelow(s string, isDir bool) bool {
	for more := len(p.below) > 0; more; _, s, more = strings.Cut(s, "/") {
		if p.below.has(s, isDir) {
			return true
		}
	}
	return false
}

func (p *patterns) matchesRest(s string, isDir bool) bool {
	return slices.ContainsFunc(p.rest, func(g pattern) bool {
		return (isDir || !g.dirOnly) && doublestar.MatchUnvalidated(g.text, s)
	})
}

func (w *words) add(word string, dirOnly bool) {
	if *w == nil {
		*w = words{}
	}
	(*w)[word] = (*w)[word] || !dirOnly
}

func (w words) has(word string, isDir bool) bool {
	if len(w) == 0 {
		return false
	}
	forFiles, ok := w[word]
	return ok && (isDir || forFiles)
}
