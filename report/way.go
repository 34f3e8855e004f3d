package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// linksMax is how many symbolic links the kernel follows on one way (path_resolution(7)).
const linksMax = 40

// follow returns what a path leads to, through no symbolic link. A link of another user
// may lead only to what that user owns: else whoever can put one into /tmp says which
// of our files is replaced. The kernel itself (protected_symlinks) looks only at links
// that open(2) ends at, in sticky directories; we follow them by hand.
func follow(path string) (string, error) {
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
			err = mayLead(next)
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

// mayLead refuses a link of another user that leads to what that one does not own.
func mayLead(link string) error {
	uid, err := ownerOf(link)
	if err != nil || uid == 0 || uid == os.Geteuid() {
		return err
	}
	end, err := filepath.EvalSymlinks(link)
	if err != nil {
		return err
	}
	if to, err := ownerOf(end); err != nil || to == uid {
		return err
	}
	return fmt.Errorf("%s is a symbolic link of another user (uid %d) and leads to what that user does not own: name the place itself", link, uid)
}

func ownerOf(path string) (uid int, err error) {
	st, err := scan.StatAt(unix.AT_FDCWD, path)
	return int(st.UID), err
}

// stays refuses a file that follow found if there are links on the way now: between
// the begin of a run and its end lie hours.
func stays(target string) error {
	dir := filepath.Dir(target)
	if now, err := filepath.EvalSymlinks(dir); err != nil || now != dir {
		return errors.Join(err, errors.New("its directory was replaced since the run began"))
	}
	return nil
}
