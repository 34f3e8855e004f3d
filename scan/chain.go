package scan

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// symlink is a symbolic link that the walk met.
type symlink struct {
	dir          Dir
	base, target string
}

// pathMax is PATH_MAX: no link says more.
const pathMax = 4096

// symlink notes what a link says. Nobody follows it; other special files are none.
func (w *walker) symlink(e entry) {
	buf := make([]byte, pathMax)
	if n, err := unix.Readlinkat(w.at.fd, string(e.name), buf); err == nil && n > 0 {
		w.symlinks = append(w.symlinks, symlink{w.at.dir, string(e.name), string(buf[:n])})
	}
}

// LongestChain is where Tree.Chain stops counting.
const LongestChain = 8

// chainsOf counts for each real path how many of the links lead to it one after
// the other. It goes by what they say, without following any.
func chainsOf(t *Tree, links []symlink) map[string]int {
	says := make(map[string]string, len(links))
	for _, l := range links {
		if dir := t.RealDir(l.dir); dir != "" {
			says[filepath.Join(dir, l.base)] = whereTo(dir, l.target)
		}
	}
	chains := map[string]int{}
	for path := range says {
		path, more := says[path]
		for n := 1; more && n <= LongestChain; n++ {
			chains[path] = max(chains[path], n)
			path, more = says[path]
		}
	}
	return chains
}

func whereTo(dir, target string) string {
	if filepath.IsAbs(target) {
		return filepath.Clean(target)
	}
	return filepath.Join(dir, target)
}

// Chain returns how many symbolic links of the tree lead to a name one after the
// other, LongestChain at most. It knows those only that the walk met with
// Options.Symlinks.
func (t *Tree) Chain(n Name) int {
	if len(t.chains) == 0 {
		return 0
	}
	return t.chains[t.RealPath(n)]
}
