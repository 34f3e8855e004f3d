package scan

import (
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
	var w Ways
	return w.Follow(path)
}

// Ways is Follow for many paths at once: a directory that is on the way to several is looked
// at once. The zero value is ready; it is for one goroutine, and not to be kept.
type Ways struct {
	said  map[string]string // what the links on the way say, "" for what is none
	looks int               // for tests
}

// Follow is as the function.
func (w *Ways) Follow(path string) (string, error) {
	done, rest := start(".", path), path
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		next := filepath.Join(done, part) // "..", too: there is no link in done
		to, err := w.read(next)
		if err == nil && to == "" {
			done = next
			continue
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

// read returns what a link that may be followed says, "" of what is none.
func (w *Ways) read(path string) (string, error) {
	to, isKnown := w.said[path]
	if isKnown {
		return to, nil
	}
	to, uid, err := readLink(path)
	w.looks++
	if err == nil && to != "" {
		err = mayLead(path, uid, start(filepath.Dir(path), to)+"/"+to)
	}
	if err == nil {
		w.note(path, to)
	}
	return to, err
}

func (w *Ways) note(path, to string) {
	if w.said == nil {
		w.said = map[string]string{}
	}
	w.said[path] = to
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
func mayLead(link string, uid int, to string) error {
	if uid == 0 || uid == os.Geteuid() {
		return nil
	}
	end, err := filepath.EvalSymlinks(to)
	if err != nil {
		return err
	}
	if st, err := StatAt(unix.AT_FDCWD, end); err != nil || int(st.UID) == uid {
		return err
	}
	return &ForeignLinkError{link, uid}
}
