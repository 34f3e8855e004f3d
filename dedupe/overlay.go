package dedupe

import (
	"os"
	"path/filepath"
	"strings"

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
	rel, ok := below(fs.Point, path)
	if !ok || fs.Upper == "" {
		return true
	}
	info, err := os.Lstat(filepath.Join(fs.Upper, rel))
	return err != nil || !info.Mode().IsRegular()
}

// below returns path relative to the mount point, whatever symbolic links lead
// to its directory.
func below(point, path string) (string, bool) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(absolute(path)))
	if err != nil {
		return "", false
	}
	rel, ok := strings.CutPrefix(filepath.Join(dir, filepath.Base(path)), strings.TrimSuffix(point, "/")+"/")
	return rel, ok
}
