package scan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// linksMax is how many symbolic links the kernel follows on one way (path_resolution(7)).
const linksMax = 40

// ForeignLinkError tells of a symbolic link that Follow does not follow.
type ForeignLinkError struct {
	Link string
	UID  int // its owner
}

func (e *ForeignLinkError) Error() string {
	return fmt.Sprintf("%s is a symbolic link of another user (uid %d) and leads to what that user does not own", e.Link, e.UID)
}

// Follow returns what a path leads to, through no symbolic link. A link of another user
// may lead only to what that user owns (else a ForeignLinkError): else whoever can put one
// into /tmp says which of our files is replaced, or where root takes a run back. The kernel
// itself (protected_symlinks) looks only at links that open(2) ends at, in sticky
// directories; we follow them by hand.
func Follow(path string) (string, error) {
	done, rest := start(".", path), path
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		next := filepath.Join(done, part) // "..", too: there is no link in done
		to, err := os.Readlink(next)
		switch {
		case errors.Is(err, syscall.EINVAL): // no link
			done = next
			continue
		case err == nil:
			err = mayLead(next, start(done, to)+"/"+to)
		}
		if links++; err == nil && links > linksMax {
			err = syscall.ELOOP
		}
		if err != nil {
			return "", err
		}
		done, rest = start(done, to), to+"/"+rest
	}
	return done, nil
}

// start is where a path begins that is seen from dir.
func start(dir, path string) string {
	if filepath.IsAbs(path) {
		return "/"
	}
	return dir
}

// mayLead refuses a link of another user that leads to what that one does not own. What it
// says is not read once more: it may be another link by now, and we go where the first one led.
func mayLead(link, to string) error {
	uid, err := ownerOf(link)
	if err != nil || uid == 0 || uid == os.Geteuid() {
		return err
	}
	end, err := filepath.EvalSymlinks(to)
	if err != nil {
		return err
	}
	if owner, err := ownerOf(end); err != nil || owner == uid {
		return err
	}
	return &ForeignLinkError{link, uid}
}

func ownerOf(path string) (uid int, err error) {
	st, err := StatAt(unix.AT_FDCWD, path)
	return int(st.UID), err
}
