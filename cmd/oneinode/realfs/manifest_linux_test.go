package realfs_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Entry is what a path shows to the world.
type Entry struct {
	Type       uint32 // S_IFMT part of st_mode
	Mode       uint32 // permission bits
	UID, GID   uint32
	Size       int64  // bytes
	SHA        string // of a file's content, or of a symbolic link's target
	Xattrs     string // sorted names and values
	Mtime      int64  // ns
	Links      uint64
	Dev, Inode uint64
}

// Tree maps a path, relative to its root, to its entry; the root is ".".
type Tree map[string]Entry

// Manifest reads a whole tree, of any depth, without following links.
func Manifest(t testing.TB, dir string) Tree {
	t.Helper()
	tree := Tree{}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	must(t, tree.directory(fd, "."))
	return tree
}

// directory takes over fd.
func (tree Tree) directory(fd int, path string) error {
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	e := entry(&st)
	e.Size = 0 // of no meaning to the user, and it may grow with a temporary name
	e.Xattrs = xattrs(fd)
	tree[path] = e
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := tree.name(fd, name, path+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

func (tree Tree) name(dir int, name, path string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	switch e := entry(&st); e.Type {
	case unix.S_IFDIR:
		fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("%q: %w", path, err)
		}
		return tree.directory(fd, path)
	case unix.S_IFREG:
		return tree.file(dir, name, path, e)
	case unix.S_IFLNK:
		target := make([]byte, 4096)
		n, err := unix.Readlinkat(dir, name, target)
		e.SHA = string(target[:max(n, 0)])
		tree[path] = e
		return err
	default:
		tree[path] = e
		return nil
	}
}

func (tree Tree) file(dir int, name, path string, e Entry) error {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	return tree.content(f, path, e)
}

// content completes the entry of an open file.
func (tree Tree) content(f *os.File, path string, e Entry) error {
	sum, room := sha256.New(), make([]byte, min(e.Size, 64<<10)+1)
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, room); err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	e.SHA = fmt.Sprintf("%x", sum.Sum(nil))
	e.Xattrs = xattrs(int(f.Fd()))
	tree[path] = e
	return nil
}

func entry(st *unix.Stat_t) Entry {
	return Entry{
		Type: st.Mode & unix.S_IFMT, Mode: st.Mode &^ unix.S_IFMT, UID: st.Uid, GID: st.Gid, Size: st.Size,
		Mtime: st.Mtim.Nano(), Links: uint64(st.Nlink), Dev: uint64(st.Dev), Inode: st.Ino,
	}
}

// xattrs joins all extended attributes of an open file.
func xattrs(fd int) string {
	if n, err := unix.Flistxattr(fd, nil); err == nil && n == 0 {
		return "" // as most have none, without the room for them
	}
	list := make([]byte, 64<<10)
	n, err := unix.Flistxattr(fd, list)
	if err != nil || n == 0 {
		return ""
	}
	names := strings.Split(strings.TrimRight(string(list[:n]), "\x00"), "\x00")
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		value := make([]byte, 64<<10)
		n, err := unix.Fgetxattr(fd, name, value)
		fmt.Fprintf(&b, "%s=%x %v\n", name, value[:max(n, 0)], err)
	}
	return b.String()
}

// same reports whether a path still shows what it showed. The mtime of a file
// may become its keeper's; that of a directory must stay.
func same(a, b Entry) bool {
	if a.Type != unix.S_IFDIR {
		a.Mtime, b.Mtime = 0, 0
	}
	a.Links, a.Dev, a.Inode = b.Links, b.Dev, b.Inode
	return a == b
}

// Diff lists every path that appeared, vanished or shows something else.
func Diff(before, after Tree) []string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(before)) {
		now, there := after[path]
		switch was := before[path]; {
		case !there:
			lines = append(lines, fmt.Sprintf("%q vanished", path))
		case !same(was, now):
			lines = append(lines, fmt.Sprintf("%q changed:\n  was %+v\n  now %+v", path, was, now))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if _, was := before[path]; !was {
			lines = append(lines, fmt.Sprintf("%q appeared", path))
		}
	}
	return lines
}

// CheckSame fails if a tree shows anything else than before.
func CheckSame(t testing.TB, before, after Tree) {
	t.Helper()
	for i, line := range Diff(before, after) {
		if i == 10 {
			t.Errorf("… and more")
			return
		}
		t.Error(line)
	}
}

// Unmerged counts the inodes that could go: regular, not empty files with equal
// content, owner, group, mode and attributes, of one domain, which are not one
// inode yet. domain tells mounts of one device apart; nil = the device decides.
func Unmerged(tree Tree, domain func(path string) string) int {
	classes := map[string]map[[2]uint64]bool{}
	for path, e := range tree {
		if e.Type != unix.S_IFREG || e.Size == 0 {
			continue
		}
		where := fmt.Sprint(e.Dev)
		if domain != nil {
			where = domain(path)
		}
		key := fmt.Sprint(where, e.SHA, e.Mode, e.UID, e.GID, e.Xattrs)
		if classes[key] == nil {
			classes[key] = map[[2]uint64]bool{}
		}
		classes[key][[2]uint64{e.Dev, e.Inode}] = true
	}
	spare := 0
	for _, inodes := range classes {
		spare += len(inodes) - 1
	}
	return spare
}

// allMerged fails if some could go.
func allMerged(t testing.TB, tree Tree, domain func(path string) string) {
	t.Helper()
	if n := Unmerged(tree, domain); n != 0 {
		t.Errorf("%d inodes could still go", n)
	}
}

// Leftovers lists the program's own temporary names in a tree.
func Leftovers(tree Tree) []string {
	var found []string
	for path := range tree {
		if name := path[strings.LastIndexByte(path, '/')+1:]; strings.HasPrefix(name, ".oneinode-") {
			found = append(found, path)
		}
	}
	return found
}

func noLeftovers(t testing.TB, tree Tree) {
	t.Helper()
	if left := Leftovers(tree); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// oneLeftover is the one temporary name that a killed run has left.
func oneLeftover(t testing.TB, dir string) string {
	t.Helper()
	left := Leftovers(Manifest(t, dir))
	if len(left) != 1 {
		t.Fatalf("left behind: %q, want one", left)
	}
	return left[0]
}
