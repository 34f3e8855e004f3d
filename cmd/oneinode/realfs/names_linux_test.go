package realfs_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDeepTree: paths longer than the 4096 bytes that a system call takes.
func TestDeepTree(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	name := strings.Repeat("d", 250)
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for level := range 40 {
		fileAt(t, fd, "twin", fmt.Sprintf("level %d", level%4))
		must(t, unix.Mkdirat(fd, name, 0o755))
		next, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	after := Manifest(t, dir)
	CheckSame(t, before, after)
	allMerged(t, after, nil)
}

func fileAt(t testing.TB, dir int, name, content string) {
	t.Helper()
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o644)
	must(t, err)
	_, err = unix.Write(fd, []byte(content))
	must(t, err)
	must(t, unix.Close(fd))
}

// TestNames: any name that the kernel takes is linked, and told without loss.
func TestNames(t *testing.T) {
	t.Parallel()
	names := []string{
		strings.Repeat("n", 255), strings.Repeat("ü", 127), "new\nline", "not \xff\xfe UTF-8", "\x1b[31mred", "-n", "--help",
		" lead", "trail ", `back\slash`, `"quoted"`, "$(touch pwned)", "'", "tab\t", "\u202egnp.exe", "\x01", "*",
	}
	dir := tempDir(t)
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("the same everywhere"), 0o644))
	}
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	scan := oneinode.Run("scan", "--format", "json", dir)
	found := pathsOf(t, scan.Stdout)
	for _, name := range names {
		if !found[filepath.Join(dir, name)] {
			t.Errorf("%q is not in the JSON", name)
		}
	}
	oneinode.Dedupe(0, dir)
	after := Manifest(t, dir)
	CheckSame(t, before, after)
	allMerged(t, after, nil)
}

// pathsOf reads the paths of all sets, those that are not UTF-8 from path_b64.
func pathsOf(t testing.TB, document string) map[string]bool {
	t.Helper()
	var doc struct {
		Sets []struct {
			Inodes []struct {
				Paths []struct {
					Path string `json:"path"`
					B64  string `json:"path_b64"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, document)
	}
	paths := map[string]bool{}
	for _, set := range doc.Sets {
		for _, in := range set.Inodes {
			for _, p := range in.Paths {
				if p.B64 != "" {
					raw, err := base64.StdEncoding.DecodeString(p.B64)
					must(t, err)
					p.Path = string(raw)
				}
				paths[p.Path] = true
			}
		}
	}
	return paths
}

// TestUserName: a file of the user's that looks like a temporary name stays.
func TestUserName(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 1, 10)
	mine := ".oneinode-0123abcd-0123456789abcdef"
	must(t, os.WriteFile(filepath.Join(dir, mine), []byte("a user made this"), 0o644))
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	oneinode.Dedupe(0, dir)
	CheckSame(t, before, Manifest(t, dir))
}
