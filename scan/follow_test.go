package scan

import (
	"os"
	"testing"
)

func TestFollow(t *testing.T) {
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	try(os.MkdirAll("a/b", 0o755))
	here, err := os.Getwd()
	try(err)
	try(os.WriteFile("a/f", nil, 0o600))
	try(os.Symlink("a/b", "l"))
	try(os.Symlink("loop", "loop"))
	try(os.Symlink(here, "abs"))
	for path, want := range map[string]string{
		"a/f": "a/f", "l/../f": "a/f", "l": "a/b", "./a//f": "a/f", "a/b/../../a/f": "a/f", "..": "..", "abs/l/../f": here + "/a/f", ".": ".",
	} {
		if got, err := Follow(path); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", path, got, err, want)
		}
	}
	for _, path := range []string{"loop", "none", "a/f/x"} {
		if got, err := Follow(path); err == nil {
			t.Errorf("%s: %s", path, got)
		}
	}
}
