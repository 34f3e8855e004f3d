package scan

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Filter decides by name; the zero value takes everything. It is immutable and
// safe for concurrent use.
type Filter struct{ include, exclude globs }

// globs are compiled patterns by what they are matched against, so that a path
// is put together only where a pattern asks for it.
type globs struct {
	base patterns // the last element
	rel  patterns // the path as it is shown
	abs  patterns // the absolute path
}

// NewFilter compiles globs (doublestar syntax; ** crosses directories). A glob
// without a slash matches base names. One that begins with a slash matches the
// absolute path; any other one with a slash matches the path as it is shown, the
// root as given included, or what follows any slash in it. A closing slash
// restricts an exclude to directories, and makes an include take all beneath. A
// file is taken when no exclude matches it (or a directory above it: inside the
// root, or as given with a file that is a root itself) and, if there are
// includes, one of them matches. The error names the bad glob.
func NewFilter(include, exclude []string) (Filter, error) {
	var f Filter
	for _, text := range include {
		if strings.HasSuffix(text, "/") {
			text += "**"
		}
		if err := f.include.add(text); err != nil {
			return Filter{}, err
		}
	}
	for _, text := range exclude {
		if err := f.exclude.add(text); err != nil {
			return Filter{}, err
		}
	}
	return f, nil
}

// add compiles one glob.
func (g *globs) add(text string) error {
	switch {
	case text == "":
		return fmt.Errorf("glob %q: is empty", text)
	case strings.HasPrefix(text, "~/"): // what was to be left alone would be linked
		return fmt.Errorf("glob %q: the shell replaces ~ by the home directory, but not in quotes, after = or in a file: write the directory out (\\~ stands for the letter)", text)
	}
	if !doublestar.ValidatePattern(text) {
		return fmt.Errorf("glob %q is not complete: each [ and { needs its end; \\[ and \\{ stand for the letters", text)
	}
	glob := strings.TrimPrefix(text, "./")
	glob = strings.TrimRight(glob, "/")
	dirOnly := strings.HasSuffix(text, "/")
	switch {
	case strings.HasPrefix(text, "/"):
		g.abs.add(glob, dirOnly)
	case strings.Contains(glob, "/"):
		g.rel.addBelow(glob, dirOnly)
	default:
		g.base.add(glob, dirOnly)
	}
	return nil
}

func (g *globs) match(s subject, isDir bool) bool {
	return g.base.match(s.base, isDir) || g.rel.match(s.rel, isDir) || g.abs.match(s.abs, isDir)
}

func (g *globs) empty() bool { return g.base.empty() && g.rel.empty() && g.abs.empty() }

// empty reports that the filter takes everything, so that nobody need ask.
func (f *Filter) empty() bool { return f.include.empty() && f.exclude.empty() }

// needsShown and needsAbsolute report whether a glob reads more than the base name.
func (f *Filter) needsShown() bool { return !f.include.rel.empty() || !f.exclude.rel.empty() }

func (f *Filter) needsAbsolute() bool { return !f.include.abs.empty() || !f.exclude.abs.empty() }

// takesFile decides about a file, takesDir whether to enter a directory.
func (f *Filter) takesFile(s subject) bool {
	return !f.exclude.match(s, false) && (f.include.empty() || f.include.match(s, false))
}

func (f *Filter) takesDir(s subject) bool { return !f.exclude.match(s, true) }
