package scan

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestFollow(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.MkdirAll("a/b", 0o755))
	here, err := os.Getwd()
	must(t, err)
	must(t, os.WriteFile("a/f", nil, 0o600))
	must(t, os.Symlink("a/b", "l"))
	must(t, os.Symlink("loop", "loop"))
	must(t, os.Symlink(here, "abs"))
	for path, want := range map[string]string{
		"a/f": "a/f", "l/../f": "a/f", "l": "a/b", "./a//f": "a/f", "a/b/../../a/f": "a/f", "..": "..", "abs/l/../f": here + "/a/f", ".": ".",
	} {
		if got, err := Follow(path); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", path, got, err, want)
		}
	}
	before := openFiles(t)
	for path, want := range map[string]error{"loop": syscall.ELOOP, "none": fs.ErrNotExist, "a/f/x": syscall.ENOTDIR} {
		if got, err := Follow(path); !errors.Is(err, want) || !strings.Contains(err.Error(), path) && want != syscall.ELOOP {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestFollowMany: as many links are followed on one way as the kernel follows, and no more.
func TestFollowMany(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.Mkdir("0", 0o755))
	for i := 1; i <= linksMax+1; i++ {
		must(t, os.Symlink(strconv.Itoa(i-1), strconv.Itoa(i)))
	}
	for i, want := range map[int]error{linksMax: nil, linksMax + 1: syscall.ELOOP} {
		_, err := Follow(strconv.Itoa(i))
		if _, theirs := os.Stat(strconv.Itoa(i)); err != want || (theirs == nil) != (want == nil) {
			t.Errorf("%d links: %v, want %v; the kernel: %v", i, err, want, theirs)
		}
	}
}

// TestWays: a directory on the way to many paths is looked at once, a link as well.
func TestWays(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.MkdirAll("a/b/c", 0o755))
	must(t, os.Symlink("a/b", "l"))
	must(t, os.Symlink("loop", "loop"))
	var w Ways
	for i := range 100 {
		name := strconv.Itoa(i)
		must(t, os.Mkdir("a/b/c/"+name, 0o755))
		for _, path := range []string{"a/b/c/" + name, "l/c/" + name} {
			if got, err := w.Follow(path); err != nil || got != "a/b/c/"+name {
				t.Fatalf("%s: %s, %v", path, got, err)
			}
		}
	}
	if w.looks != 104 { // a, b, c, l and what lies in c
		t.Errorf("%d looks for 100 directories below 3", w.looks)
	}
	for range 2 { // errors are not remembered, nor lost
		for _, path := range []string{"loop", "l/none"} {
			if got, err := w.Follow(path); err == nil {
				t.Errorf("%s: %s", path, got)
			}
		}
	}
}

// TestMayLead: whose a link is, and where the words lead that were read, decide; not what the
// link says by now.
func TestMayLead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give links to another user")
	}
	t.Chdir(t.TempDir())
	const nobody = 65534
	must(t, os.MkdirAll("theirs/own", 0o755))
	must(t, os.Mkdir("ours", 0o755))
	must(t, os.Symlink("own", "theirs/link"))
	must(t, os.Symlink("theirs/own", "link"))
	for _, name := range []string{"theirs", "theirs/own", "theirs/link"} {
		must(t, os.Lchown(name, nobody, nobody))
	}
	must(t, os.Symlink("../ours", "theirs/bad"))
	must(t, os.Lchown("theirs/bad", nobody, nobody))
	if got, err := Follow("theirs/link"); err != nil || got != "theirs/own" {
		t.Errorf("to what is theirs: %s, %v", got, err)
	}
	if got, err := Follow("theirs/bad"); err == nil {
		t.Errorf("to what is ours: %s", got)
	} else if told, ok := errors.AsType[*ForeignLinkError](err); !ok || told.UID != nobody || told.Link != "theirs/bad" {
		t.Errorf("to what is ours: %v", err)
	}
	for _, c := range []struct {
		link, to string
		may      bool
	}{
		{"theirs/link", "theirs/own", true}, {"theirs/link", "theirs/own/../own", true}, {"theirs/link", "theirs/../ours", false},
		{"theirs/link", "ours", false}, {"theirs/link", "gone", false}, {"link", "ours", true},
	} {
		_, uid, err := readLink(c.link)
		must(t, err)
		if err := mayLead(c.link, uid, c.to); (err == nil) != c.may {
			t.Errorf("%s to %s: %v", c.link, c.to, err)
		}
	}
}

// TestFollowOwnAndRoots: links of the user, and of root, may lead to what others own.
func TestFollowOwnAndRoots(t *testing.T) {
	if !asUser(t) {
		return
	}
	own := t.TempDir() + "/link"
	must(t, os.Symlink("/", own))
	if got, err := Follow(own); err != nil || got != "/" {
		t.Errorf("one's own: %s, %v", got, err)
	}
	program, err := os.Executable()
	must(t, err)
	link := filepath.Dir(program) + "/own"
	if _, err := os.Lstat(link); err != nil {
		t.Skip("only root can make a link of root's: run the test as root")
	}
	theirs, err := filepath.EvalSymlinks(os.TempDir())
	must(t, err)
	if got, err := Follow(link); err != nil || got != theirs {
		t.Errorf("root's: %s, %v", got, err)
	}
}
