package lock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTrust(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give directories to another user")
	}
	const nobody = 65534
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"mine", "theirs", "open", "sticky", "group"} {
		try(os.Mkdir(at(name), 0o700))
	}
	try(os.Chown(at("theirs"), nobody, nobody))
	try(os.Chmod(at("open"), 0o777))
	try(os.Chmod(at("sticky"), 0o777|os.ModeSticky))
	try(os.Chmod(at("group"), 0o770))
	try(os.Symlink("mine", at("link")))
	try(os.Symlink("mine", at("planted")))
	try(os.Lchown(at("planted"), nobody, nobody))
	for name, want := range map[string]bool{
		"mine": true, "group": true, "link": true, "theirs": false, "open": false, "sticky": false, "planted": false,
	} {
		err := Trust(at(name))
		if _, refused := errors.AsType[*DistrustError](err); refused == want || want && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A lock file of another user may be held for ever, or be a hard link to what is not to be written to.
func TestTakeInADirectoryOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give directories to another user")
	}
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	locks := filepath.Join(dir, "state", locksDir)
	if err := os.MkdirAll(locks, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(precious, filepath.Join(locks, "0-1.lock")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(locks, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	s := New(filepath.Dir(locks), holder("x"))
	if err := s.Take(t.Context(), []uint64{1}, 0); err == nil {
		t.Error("it was taken")
	}
	s.Release()
	if text, err := os.ReadFile(precious); string(text) != "precious" {
		t.Errorf("written to: %q, %v", text, err)
	}
}
