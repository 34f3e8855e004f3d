package show

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/oneinode/oneinode/dedupe"
)

// Why joins a reason and the system's words, which some reasons say already.
func Why(reason, system string) string {
	system = strings.Replace(system, "file system", "filesystem", 1) // EROFS, in our spelling
	switch {
	case system == "", isSaid(reason, system):
		return reason
	case strings.HasPrefix(system, reason+";"): // the program itself has added to it
		return system
	}
	return reason + ": " + system
}

// isSaid reports whether a reason says what the system says. ELOOP is its word for one
// symbolic link, too, where none is followed.
func isSaid(reason, system string) bool {
	switch reason {
	case dedupe.ReasonPermission:
		return system == reason || system == syscall.EPERM.Error()
	case dedupe.ReasonMoved, dedupe.ReasonDirGone:
		return system == syscall.ELOOP.Error()
	}
	return strings.HasPrefix(reason, system)
}

// Cause returns the system's own words without the path, which is told already
// and which it would repeat unquoted.
func Cause(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err.Error()
	}
	return Escape(err.Error()) // names in it have been quoted
}

// PathError words an error of one path as every trouble is told: the path quoted, then
// the system's own words. Without a path it is those words alone.
func PathError(path string, err error) error {
	if path == "" {
		return &wording{text: Cause(err), err: err}
	}
	return &wording{text: Quote(path) + ": " + Cause(err), err: err}
}

type wording struct {
	text string
	err  error
}

func (w *wording) Error() string { return w.text }

func (w *wording) Unwrap() error { return w.err }
