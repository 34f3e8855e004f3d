package realfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project makes a directory whose files belong to a project from now on.
func project(t testing.TB, dir, id string) {
	t.Helper()
	needTools(t, "chattr")
	must(t, os.MkdirAll(dir, 0o755))
	tool(t, "chattr", "-p", id, "+P", dir)
}

// TestProjects: link(2) brings no file of another project into a directory with +P. Files are
// linked within each project, and the plan knows it.
func TestProjects(t *testing.T) {
	t.Parallel()
	dir := XFS(t, Disk{})
	project(t, filepath.Join(dir, "five"), "5")
	project(t, filepath.Join(dir, "six"), "6")
	alike(t, dir, "five/a", "five/b", "none/a", "none/b", "six/a", "six/b")
	oneinode := Oneinode(t)
	before := Manifest(t, dir)
	plan := oneinode.Dedupe(0, "-n", dir)
	done := oneinode.Dedupe(0, dir)
	if done.Linked != 3 || done.Skipped != 0 || done.FreedBytes != plan.ReclaimableBytes {
		t.Errorf("planned %+v\n   done %+v", plan, done)
	}
	CheckSame(t, before, Manifest(t, dir))
	oneinode.Run("undo").want(t, 0)
	checkUndone(t, before, Manifest(t, dir))
}

// TestProjectLater: files that are older than their directory's project cannot be linked
// there. That is a reason, not a failure.
func TestProjectLater(t *testing.T) {
	t.Parallel()
	dir := XFS(t, Disk{})
	alike(t, dir, "five/a", "five/b")
	project(t, filepath.Join(dir, "five"), "5")
	r := Oneinode(t).Run("dedupe", "-v", dir)
	if r.Code != 0 || !strings.Contains(r.Stdout, "another mount or project of the same filesystem") {
		t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
}
