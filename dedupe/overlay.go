package dedupe

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// lowerLayer reports whether linking the file would first copy it: on overlayfs
// every change of a file in a lower layer begins with a copy of the whole file in
// the upper one, and what lies below is not freed. A file that cannot be found in
// the upper layer counts as one of those.
func lowerLayer(fs *scan.Filesystem, path string) bool {
	if fs.Type != "overlay" {
		return false
	}
	return !isUpper(upperDir(fs, parentOf(absolute(path))), filepath.Base(path))
}

// isUpper reports whether a directory of the upper layer holds the file, and not only its
// owner, mode and times (metacopy=on).
func isUpper(dir, base string) bool {
	if dir == "" {
		return false
	}
	path := filepath.Join(dir, base)
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && !kernel.WithoutData(path)
}

// upperDir is where the upper layer holds what a directory shows, whatever symbolic
// links lead there; "" if that cannot be told.
func upperDir(fs *scan.Filesystem, dir string) string {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil || fs.Upper == "" {
		return ""
	}
	rel, ok := strings.CutPrefix(dir+"/", strings.TrimSuffix(fs.Point, "/")+"/")
	if !ok {
		return ""
	}
	return filepath.Join(fs.Upper, rel)
}
