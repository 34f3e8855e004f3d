package realfs_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMigration: what the migration view says a copy takes, with hard links and
// without, and what rsync -aH and rsync -a then really take on a new filesystem
// agree within two percent.
func TestMigration(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "rsync")
	tree := filepath.Join(tempDir(t), "tree")
	fillForMigration(t, tree)
	scan := filepath.Join(tempDir(t), "scan.json")
	if r := Oneinode(t).Run("scan", "-q", "-o", scan, tree); r.Code != 0 {
		t.Fatalf("scan: %d, %s", r.Code, r.Stderr)
	}
	for name, disk := range map[string]func(t testing.TB) string{
		"ext4": func(t testing.TB) string { return Ext4(t, Disk{Size: 300 * mib}) },
		"xfs":  func(t testing.TB) string { return XFS(t, Disk{Size: 400 * mib}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs := migration(t, scan, name)
			comparesCopy(t, tree, disk(t), "-aH", needs.With)
			comparesCopy(t, tree, disk(t), "-a", needs.Without)
		})
	}
}

// TestMigrationCommand: what the view says copies all, a directory given as a link, too.
func TestMigrationCommand(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "rsync")
	dir := tempDir(t)
	must(t, os.MkdirAll(filepath.Join(dir, "real"), 0o755))
	must(t, os.MkdirAll(filepath.Join(dir, "other"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "real", "a"), []byte("a"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "other", "b"), []byte("b"), 0o644))
	must(t, os.Symlink("real", filepath.Join(dir, "link")))
	for name, c := range map[string]struct{ second, at string }{
		"whole paths": {dir + "/other", dir}, "up from a link": {dir + "/link/../other", "/"},
	} {
		scan, target := filepath.Join(tempDir(t), "scan.json"), tempDir(t)
		if r := Oneinode(t).Run("scan", "-q", "-o", scan, dir+"/link/", c.second); r.Code != 0 {
			t.Fatalf("scan: %d, %s", r.Code, r.Stderr)
		}
		tool(t, "sh", "-c", strings.ReplaceAll(migration(t, scan, "ext4").Command, "/mnt/target", target))
		for _, file := range []string{"link/a", "other/b"} {
			if info, err := os.Lstat(filepath.Join(target, c.at, file)); err != nil || info.Size() != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// moves is of the view what the tests look at.
type moves struct {
	With    int64  `json:"needs_with_links_bytes"`
	Without int64  `json:"needs_without_links_bytes"`
	Command string `json:"command"`
}

func migration(t *testing.T, scan, target string) (view moves) {
	t.Helper()
	path, err := program()
	must(t, err)
	out, err := exec.Command(path, "report", "--view", "migration", "--target", target, "--format", "json", scan).Output()
	must(t, err)
	must(t, json.Unmarshal(out, &view))
	return view
}

func comparesCopy(t *testing.T, tree, disk, flags string, predicted int64) {
	t.Helper()
	before := FreeBytes(t, disk)
	tool(t, "rsync", flags, tree+"/", disk+"/tree/")
	actual := before - FreeBytes(t, disk)
	t.Logf("rsync %s: predicted %d, took %d bytes (%+.2f %%)", flags, predicted, actual, 100*float64(predicted-actual)/float64(actual))
	if off := predicted - actual; off*50 > actual || -off*50 > actual {
		t.Errorf("rsync %s: predicted %d, took %d bytes: more than 2 %% apart", flags, predicted, actual)
	}
}

// fillForMigration makes some 60 MiB in 40 directories, a third of the names
// being hard links, some sizes odd, some sparse.
func fillForMigration(t *testing.T, tree string) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{7})
	for i := range 400 {
		dir := filepath.Join(tree, fmt.Sprintf("%02d", i%40))
		must(t, os.MkdirAll(dir, 0o755))
		content := make([]byte, 1+(i*7919)%300_000)
		random.Read(content)
		path := filepath.Join(dir, fmt.Sprint(i))
		must(t, os.WriteFile(path, content, 0o644))
		if i%3 == 0 {
			must(t, os.Link(path, path+"-link"))
		}
		if i%50 == 0 {
			must(t, os.Truncate(path, int64(len(content))+100_000))
		}
	}
}
