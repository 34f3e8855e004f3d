package lock

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// othersWrite is the permission of everybody to make entries in a directory.
const othersWrite = 0o002

// DistrustError says that others can write to a file, or make files in a directory.
type DistrustError struct {
	Path string
	UID  uint32 // the owner, who is neither this user nor root; 0: everybody may
}

func (e *DistrustError) Error() string {
	if e.UID == 0 {
		return e.Path + ": everybody may write to it"
	}
	return fmt.Sprintf("%s: it belongs to another user (uid %d)", e.Path, e.UID)
}

// Unwrap: what can be done about it is the same.
func (e *DistrustError) Unwrap() error { return fs.ErrPermission }

// Trust refuses a file or directory of another user than root, and one that everybody may
// write to. Who can put journals there says what an undo does, as root to any file; who can
// put locks there stops every run, or has us write to what they are links of.
func Trust(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	var st scan.Stat
	for _, at := range []string{path, real} {
		if st, err = scan.StatAt(unix.AT_FDCWD, at); err != nil {
			return err
		}
		if st.UID != 0 && int(st.UID) != os.Geteuid() {
			return &DistrustError{path, st.UID}
		}
	}
	if st.Mode&othersWrite != 0 {
		return &DistrustError{Path: path}
	}
	return nil
}
