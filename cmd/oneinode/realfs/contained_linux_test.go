package realfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rootless runs what follows as root of a user namespace that knows no other id than
// root's, with an empty directory in the place of hidden.
func rootless(t testing.TB, hidden string) []string {
	needRoot(t)
	needTools(t, "unshare", "mount")
	script := `exec "$@"`
	if hidden != "" {
		script = "mount -t tmpfs none " + hidden + " && " + script
	}
	before := []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"}
	if r := Oneinode(t).RunUnder(before, "runs"); r.Code != 0 {
		missing(t, "no user namespaces here: %s", r.Stderr)
	}
	return before
}

// TestUnmapped: owners and groups that a user namespace does not know are not one,
// whether or not /proc is there to tell of the namespace.
func TestUnmapped(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{"", "/proc"} {
		before := rootless(t, hidden)
		dir := tempDir(t)
		copies(t, dir, 2, 5000)
		for i, name := range []string{"copy-00000", "copy-00001"} {
			must(t, os.Chown(filepath.Join(dir, name), 0, 1000+i))
		}
		want := Manifest(t, dir)
		if r := Oneinode(t).RunUnder(before, "dedupe", dir); r.Code != 0 {
			t.Errorf("without %q: exit code %d: %s", hidden, r.Code, r.trouble())
		}
		CheckSame(t, want, Manifest(t, dir))
	}
}

// TestNamelessMount: without /proc a filesystem has no name that a note could tell.
func TestNamelessMount(t *testing.T) {
	t.Parallel()
	before := rootless(t, "/proc")
	dir := tempDir(t)
	copies(t, dir, 2, 5000)
	for _, name := range []string{"copy-00000", "copy-00001"} { // whom the namespace cannot lease
		must(t, os.Chown(filepath.Join(dir, name), 1000, 1000))
	}
	r := Oneinode(t).RunUnder(before, "dedupe", "--match", "none", dir)
	if !strings.Contains(r.Stderr, "a filesystem (unknown type): files cannot be leased") {
		t.Error(r.trouble())
	}
}
