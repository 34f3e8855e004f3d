package output

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user who owns nothing of ours.
const nobody = 65534

func some(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }

func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
	if err := os.Lchown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
}

// A link that another user has put where we write must not say which file of ours goes.
func TestOutputThroughALinkOfAnotherUser(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("ours.json"), "ours")
	if err := os.MkdirAll(at("theirs/in"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, at("theirs/own.json"), "theirs")
	for _, l := range [][2]string{
		{at("ours.json"), "theirs/x.json"}, {"../ours.json", "theirs/x.prom"}, {"../etc", "theirs/dir"},
		{"own.json", "theirs/fine.json"}, {"theirs/x.json", "way.json"}, {"in", "theirs/ours"},
	} {
		link(t, l[0], at(l[1]))
	}
	for _, name := range []string{"x.json", "x.prom", "dir", "fine.json", "own.json", "in", "."} {
		give(t, at("theirs/"+name))
	}
	for _, name := range []string{"theirs/x.json", "theirs/x.prom", "theirs/dir/new.json", "way.json", "theirs/in/../x.json"} {
		if _, err := At(dir + "/" + name); err == nil || !strings.Contains(err.Error(), "another user") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, name := range []string{"theirs/fine.json", "theirs/own.json", "theirs/ours/new.json", "etc/../ours.json"} {
		if _, err := At(dir + "/" + name); err != nil {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Between the look at the way and the write lies the whole run.
func TestOutputWhoseDirectoryBecomesALink(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"there", "etc"} {
		if err := os.Mkdir(at(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, err := At(at("there/x.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(at("there")); err != nil {
		t.Fatal(err)
	}
	link(t, "etc", at("there"))
	if err := out.Replace(t.Context(), some); err == nil || !strings.Contains(err.Error(), "replaced since") {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(at("etc")); len(entries) > 0 {
		t.Errorf("written to %v", entries)
	}
}

// Whoever puts an open file where we write must not be able to write to ours.
func TestOutputModeInPlaceOfAnothers(t *testing.T) {
	dir := t.TempDir()
	defer syscall.Umask(syscall.Umask(0))
	for _, c := range []struct {
		old, want os.FileMode
		theirs    bool
	}{{0o666, 0o644, true}, {0o600, 0o600, true}, {0o660, 0o640, true}, {0o777, 0o644, true}, {0o666, 0o666, false}, {0o600, 0o600, false}} {
		file := filepath.Join(dir, "x.json")
		write(t, file, "old")
		if err := os.Chmod(file, c.old); err != nil {
			t.Fatal(err)
		}
		if c.theirs {
			give(t, file)
		}
		out, err := At(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Replace(t.Context(), some); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != c.want {
			t.Errorf("%v (another's: %v) became %v, %v, want %v", c.old, c.theirs, info.Mode(), err, c.want)
		}
	}
}

// TestOutputBesideWhatALinkLeadsTo: what ".." leads to behind a link only the link tells, for
// a file that is yet to be made as for one that exists.
func TestOutputBesideWhatALinkLeadsTo(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("there/in", 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, "there/in", "link")
	for range 2 {
		out, err := At("link/../x.json")
		if err != nil || out.target != "there/x.json" {
			t.Errorf("%q, %v", out.target, err)
		}
		write(t, "there/x.json", "old")
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}
