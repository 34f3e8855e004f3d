package dedupe

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// changedRun links two names of a copy and one of another to "keeper", whose mode is 0644,
// as theirs; it returns the directory and the state directory.
func changedRun(t *testing.T, policy decide.Policy) (dir, state string) {
	t.Helper()
	dir, state = t.TempDir(), t.TempDir()
	put(t, dir, "keeper", "same", 100, "k2", "k3")
	put(t, dir, "x", "same", 200, "y")
	put(t, dir, "z", "same", 300)
	if policy.Match == 0 {
		check(t, os.Chmod(filepath.Join(dir, "z"), 0o640))
	}
	if totals := linkAll(t, dir, state, policy, ApplyOptions{}); totals.Linked != 3 {
		t.Fatalf("%+v", totals)
	}
	return dir, state
}

// TestUndoKeepsChanges: what was changed on a shared file after the run stays with the
// copies, all else of them is as before the run.
func TestUndoKeepsChanges(t *testing.T) {
	kept := func(dir string) string { return filepath.Join(dir, "keeper") }
	for name, c := range map[string]struct {
		policy  decide.Policy
		change  func(dir string) error
		mode    map[string]uint32
		touched bool
		note    string
		changed []string
	}{
		"nothing":       {policy: decide.Policy{Match: decide.MatchDefault}, change: func(string) error { return nil }, mode: map[string]uint32{"x": 0o644, "z": 0o644}},
		"nothing, none": {change: func(string) error { return nil }, mode: map[string]uint32{"x": 0o644, "z": 0o640}},
		"mode": {policy: decide.Policy{Match: decide.MatchDefault}, change: func(dir string) error { return os.Chmod(kept(dir), 0o600) },
			mode: map[string]uint32{"x": 0o600, "z": 0o600}, changed: []string{"mode"}},
		"mode, none": {change: func(dir string) error { return os.Chmod(kept(dir), 0o600) },
			mode: map[string]uint32{"x": 0o600, "z": 0o600}, changed: []string{"mode"}},
		"mtime": {policy: decide.Policy{Match: decide.MatchDefault}, change: func(dir string) error {
			return os.Chtimes(kept(dir), time.Time{}, time.Unix(999, 0))
		}, mode: map[string]uint32{"x": 0o644, "z": 0o644}, touched: true, changed: []string{"mtime"}},
		"xattr": {policy: decide.Policy{Match: decide.MatchDefault}, change: func(dir string) error {
			return unix.Setxattr(kept(dir), "user.note", []byte("mine"), 0)
		}, mode: map[string]uint32{"x": 0o644, "z": 0o644}, note: "mine", changed: []string{"xattr"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := changedRun(t, c.policy)
			if err := c.change(dir); err == unix.ENOTSUP {
				t.Skip("no extended attributes here")
			}
			var told []string
			totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{OnPath: func(o UndoOutcome) {
				if !slices.Equal(o.Changed, c.changed) {
					told = append(told, fmt.Sprintf("%s: %v", o.Path, o.Changed))
				}
			}})
			check(t, err)
			if totals.Restored != 3 || len(told) > 0 || (totals.Changed == 3) != (c.changed != nil) {
				t.Errorf("%+v, told %q, want %v", totals, told, c.changed)
			}
			mtimes := map[string]int64{"x": 200, "z": 300}
			for base, mode := range c.mode {
				st := statOf(t, dir, base)
				if st.Mode&scan.Permissions != mode {
					t.Errorf("%s: mode %o, want %o", base, st.Mode&scan.Permissions, mode)
				}
				if at := st.Mtime / 1e9; at != mtimes[base] && !c.touched || c.touched && at != 999 {
					t.Errorf("%s: mtime %d", base, at)
				}
				buf := make([]byte, 10)
				n, _ := unix.Getxattr(filepath.Join(dir, base), "user.note", buf)
				if got := string(buf[:max(0, n)]); got != c.note {
					t.Errorf("%s: attribute %q, want %q", base, got, c.note)
				}
			}
			if statOf(t, dir, "x").Ino != statOf(t, dir, "y").Ino {
				t.Error("x and y are two inodes")
			}
		})
	}
}

// TestUndoKeepsChangesOfOwner: of a path that got another owner, by --match, all comes back:
// who was given its file shall not say what it may be.
func TestUndoKeepsChangesOfOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "keeper", "same", 100)
	put(t, dir, "z", "same", 300)
	check(t, os.Chown(filepath.Join(dir, "keeper"), 7, 7))
	linkAll(t, dir, state, decide.Policy{}, ApplyOptions{})
	check(t, unix.Chmod(filepath.Join(dir, "keeper"), 0o4755))
	check(t, os.Chtimes(filepath.Join(dir, "keeper"), time.Time{}, time.Unix(999, 0)))
	_, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
	check(t, err)
	if st := statOf(t, dir, "z"); st.UID != 0 || st.Mode&scan.Permissions != 0o644 {
		t.Errorf("owner %d, mode %o; want 0, 644", st.UID, st.Mode&scan.Permissions)
	}
}

// TestUndoKeepsChangesStopped: an undo that was stopped is gone on with, though the copy
// that it made does not look like the old file.
func TestUndoKeepsChangesStopped(t *testing.T) {
	dir, state := changedRun(t, decide.Policy{Match: decide.MatchDefault})
	check(t, os.Chmod(filepath.Join(dir, "keeper"), 0o600))
	ctx, stop := context.WithCancel(t.Context())
	_, _ = planUndo(t, state).Run(ctx, UndoOptions{OnPath: func(UndoOutcome) { stop() }})
	_, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
	check(t, err)
	if statOf(t, dir, "x").Ino != statOf(t, dir, "y").Ino {
		t.Error("x and y are two inodes")
	}
	if mode := statOf(t, dir, "y").Mode & scan.Permissions; mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
}

// TestUndoKilledUnwritten: what an undo has given back before it was killed counts as
// given back by the next one, though the journal does not tell of it.
func TestUndoKilledUnwritten(t *testing.T) {
	_, state := changedRun(t, decide.Policy{Match: decide.MatchDefault})
	before := t.TempDir()
	check(t, os.CopyFS(before, os.DirFS(state)))
	for i, state := range []string{state, before} {
		totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
		check(t, err)
		if want := int64(3 - 3*i); totals.Restored != want || totals.Left != 3-want {
			t.Errorf("undo %d: %+v, want %d restored", i, totals, want)
		}
		j, err := journal.Find(state, testRun)
		check(t, err)
		if want := int64(3 - i); j.Info.Undone != want || !j.Info.TakenBack() { // z has no other name, and so may never have been replaced
			t.Errorf("undo %d: %+v, want %d undone", i, j.Info, want)
		}
	}
}

// TestUndoKeepsChangesOfTwoKeepers: where names of one old inode went to two, what was
// changed of the second is kept as well; else they share one inode again.
func TestUndoKeepsChangesOfTwoKeepers(t *testing.T) {
	for _, mode := range []uint32{0o644, 0o600} {
		dir := t.TempDir()
		put(t, dir, "k1", "same", 100, "x1")
		put(t, dir, "k2", "same", 100, "x2")
		state := twoKeepers(t, dir)
		check(t, unix.Chmod(filepath.Join(dir, "k2"), mode))
		totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
		check(t, err)
		one, two := statOf(t, dir, "x1"), statOf(t, dir, "x2")
		if one.Mode&scan.Permissions != 0o644 || two.Mode&scan.Permissions != mode || totals.Restored != 2 {
			t.Errorf("k2 of mode %o: %o and %o, %+v", mode, one.Mode&scan.Permissions, two.Mode&scan.Permissions, totals)
		}
		if (one.Ino == two.Ino) != (mode == 0o644) {
			t.Errorf("k2 of mode %o: inodes %d and %d", mode, one.Ino, two.Ino)
		}
	}
}

// twoKeepers is the journal of a run that linked x1 to k1 and x2, of the same inode, to k2.
func twoKeepers(t *testing.T, dir string) (state string) {
	t.Helper()
	state = t.TempDir()
	w := begun(t, state, dir)
	name := func(seq int64, base string, again bool) journal.Record {
		return journal.Record{Replace: &journal.Replace{
			Seq: seq, Path: journal.Path(filepath.Join(dir, base)), DirInode: statOf(t, dir, ".").Ino, Temporary: temporaryName(testRun), Again: again,
		}}
	}
	st := statOf(t, dir, "k1")
	f, err := os.Open(filepath.Join(dir, "k1"))
	check(t, err)
	defer f.Close()
	digest, err := hash.Sum(t.Context(), int(f.Fd()), st.Size)
	check(t, err)
	set := func(base string) journal.Record {
		st := statOf(t, dir, base)
		was := &journal.Look{UID: st.UID, GID: st.GID, Mode: st.Mode, Mtime: st.Mtime}
		return journal.Record{Set: &journal.Set{Size: st.Size, Digest: digest.String(), Keeper: st.Ino, Was: was}}
	}
	old := journal.Record{Old: &journal.Old{Inode: 1, UID: st.UID, GID: st.GID, Mode: st.Mode, Mtime: 200, Atime: 200, Links: 2}}
	w.Append(set("k1"), old, name(1, "x1", false), name(2, "x2", false), set("k2"), name(2, "x2", true))
	check(t, w.Close())
	return state
}

// rewritten is a copy of the journal with other records.
func rewritten(t *testing.T, state string, change func(*journal.Record)) string {
	t.Helper()
	j, err := journal.Find(state, testRun)
	check(t, err)
	dir := t.TempDir()
	w, err := journal.Create(dir, j.Info.Begin)
	check(t, err)
	for r, err := range j.Records() {
		check(t, err)
		change(&r)
		if r.Begin == nil {
			w.Append(r)
		}
	}
	check(t, w.Close())
	return dir
}

// TestUndoOfMissing: a copy is not made without the attributes that the journal misses.
func TestUndoOfMissing(t *testing.T) {
	dir, state := changedRun(t, decide.Policy{Match: decide.MatchDefault})
	state = rewritten(t, state, func(r *journal.Record) {
		if r.Old != nil {
			r.Old.Missing = true
		}
	})
	totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
	check(t, err)
	if totals.Failed != 3 || totals.Restored != 0 || statOf(t, dir, "x").Ino != statOf(t, dir, "keeper").Ino {
		t.Errorf("%+v", totals)
	}
}

// TestUndoOfBadDigest: what is wrong with a digest of the journal is told.
func TestUndoOfBadDigest(t *testing.T) {
	_, state := changedRun(t, decide.Policy{Match: decide.MatchDefault})
	state = rewritten(t, state, func(r *journal.Record) {
		if r.Set != nil {
			r.Set.Digest = "none"
		}
	})
	_, err := planUndo(t, state).Run(t.Context(), UndoOptions{OnPath: func(o UndoOutcome) {
		if o.Kind != Failed || o.Err == nil {
			t.Errorf("%+v", o)
		}
	}})
	check(t, err)
}

// TestUndoOfOldJournal: a journal that does not tell what the kept file looked like is
// read, and all comes back that it tells.
func TestUndoOfOldJournal(t *testing.T) {
	dir, state := changedRun(t, decide.Policy{Match: decide.MatchDefault})
	old := rewritten(t, state, func(r *journal.Record) {
		if r.Set != nil {
			r.Set.Was = nil
		}
	})
	check(t, os.Chmod(filepath.Join(dir, "keeper"), 0o600))
	totals, err := planUndo(t, old).Run(t.Context(), UndoOptions{})
	check(t, err)
	if mode := statOf(t, dir, "x").Mode & scan.Permissions; mode != 0o644 || totals.Restored != 3 || totals.Changed != 0 {
		t.Errorf("%+v, mode %o", totals, mode)
	}
}

// TestWithChanges: mode, ACLs and capabilities belong together; what was not changed since
// is as in the old file.
func TestWithChanges(t *testing.T) {
	const acl = "system.posix_acl_access"
	bytesOf := func(pairs ...string) journal.Xattrs {
		out := journal.Xattrs{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = []byte(pairs[i+1])
		}
		return out
	}
	for name, c := range map[string]struct {
		old  journal.Old
		then journal.Look
		now  journal.Old
		mode uint32
		want journal.Xattrs
		// changed is what is told, "" where the test does not ask.
		changed string
	}{
		"a mode that was tightened brings back no ACL": {
			old: journal.Old{Mode: 0o660, Xattrs: bytesOf(acl, "loose", "user.a", "1")}, then: journal.Look{Mode: 0o644},
			now: journal.Old{Mode: 0o600}, mode: 0o600, want: bytesOf("user.a", "1")},
		"an ACL that was set stays, with the mode": {
			old: journal.Old{Mode: 0o644}, then: journal.Look{Mode: 0o644},
			now: journal.Old{Mode: 0o664, Xattrs: bytesOf(acl, "mine")}, mode: 0o664, want: bytesOf(acl, "mine"), changed: "mode"},
		"an ACL that was taken away, with the mode": {
			old: journal.Old{Mode: 0o660, Xattrs: bytesOf(acl, "loose")}, then: journal.Look{Mode: 0o660, Xattrs: bytesOf(acl, "mine")},
			now: journal.Old{Mode: 0o640}, mode: 0o640, changed: "mode"},
		"an ACL that is listed twice is the same": {
			old: journal.Old{Mode: 0o660}, then: journal.Look{Mode: 0o600, Xattrs: bytesOf(acl, "mine")},
			now: journal.Old{Mode: 0o600, Xattrs: bytesOf(acl, "mine", "trusted.SGI_ACL_FILE", "x")}, mode: 0o660},
		"an ACL that is listed twice and was changed": {
			old: journal.Old{Mode: 0o660}, then: journal.Look{Mode: 0o600, Xattrs: bytesOf(acl, "mine", "trusted.SGI_ACL_FILE", "x")},
			now: journal.Old{Mode: 0o600, Xattrs: bytesOf(acl, "ours", "trusted.SGI_ACL_FILE", "y")}, mode: 0o600, want: bytesOf(acl, "ours"), changed: "mode"},
		"attributes that were not known": {
			old: journal.Old{Mode: 0o660, Xattrs: bytesOf(acl, "loose", "user.a", "1")}, then: journal.Look{Mode: 0o600, Missing: true},
			now: journal.Old{Mode: 0o600, Mtime: 5, Xattrs: bytesOf(acl, "mine", "user.a", "9")}, mode: 0o660, want: bytesOf(acl, "loose", "user.a", "1"), changed: "mtime"},
		"a time that cannot be set": {
			old: journal.Old{Mode: 0o644}, then: journal.Look{Mode: 0o644},
			now: journal.Old{Mode: 0o600, Mtime: math.MaxInt64}, mode: 0o600, changed: "mode"},
		"what another group did": {
			old: journal.Old{GID: 3, Mode: 0o640}, then: journal.Look{Mode: 0o640},
			now: journal.Old{Mode: 0o666}, mode: 0o640},
		"each attribute for itself": {
			old: journal.Old{Mode: 0o644, Xattrs: bytesOf("user.a", "1", "user.b", "1", "user.c", "1")}, then: journal.Look{Mode: 0o600, Xattrs: bytesOf("user.a", "9", "user.b", "1")},
			now: journal.Old{Mode: 0o600, Xattrs: bytesOf("user.a", "9", "user.d", "2", "user.e", "")}, mode: 0o644, want: bytesOf("user.a", "1", "user.c", "1", "user.d", "2", "user.e", "")},
		"an attribute that was taken away": {
			old: journal.Old{Xattrs: bytesOf("user.a", "1", "user.b", "1")}, then: journal.Look{Xattrs: bytesOf("user.a", "9", "user.b", "1")},
			now: journal.Old{Xattrs: bytesOf("user.b", "1")}, want: bytesOf("user.b", "1"), changed: "xattr"},
		"what only root sees is not gone": {
			old: journal.Old{Xattrs: bytesOf("trusted.a", "1")}, then: journal.Look{Xattrs: bytesOf("trusted.a", "1", "trusted.SGI_ACL_FILE", "x")},
			now: journal.Old{}, want: bytesOf("trusted.a", "1")},
		"what only root sees is not new": {
			old: journal.Old{}, then: journal.Look{}, now: journal.Old{Xattrs: bytesOf("trusted.gfid", "1")}},
		"what root sees has changed": {
			old: journal.Old{}, then: journal.Look{Xattrs: bytesOf("trusted.a", "1")},
			now: journal.Old{Xattrs: bytesOf("trusted.a", "2")}, want: bytesOf("trusted.a", "2")},
		"a new group gets no rights that only the old one had": {
			old: journal.Old{Mode: 0o660}, then: journal.Look{Mode: 0o600},
			now: journal.Old{GID: 7, Mode: 0o600}, mode: 0o600, changed: "group mode"},
		"a new owner gets no capabilities": {
			old: journal.Old{Mode: 0o700, Xattrs: bytesOf("security.capability", "all", "user.a", "1")}, then: journal.Look{Mode: 0o700},
			now: journal.Old{UID: 7, Mode: 0o700}, mode: 0o700, want: bytesOf("user.a", "1"), changed: "owner mode"},
		"what another owner did": {
			old: journal.Old{UID: 3, Mtime: 5, Mode: 0o644, Xattrs: bytesOf("user.a", "1")}, then: journal.Look{Mtime: 6, Mode: 0o644},
			now: journal.Old{Mtime: 7, Mode: 0o777, Xattrs: bytesOf("user.b", "1")}, mode: 0o644, want: bytesOf("user.a", "1")},
	} {
		look, changed := withChanges(&c.old, &c.then, &c.now)
		if c.changed != "" && strings.Join(changed, " ") != c.changed {
			t.Errorf("%s: told %q", name, changed)
		}
		if look.Mode != c.mode || !maps.EqualFunc(look.Xattrs, c.want, slices.Equal) {
			t.Errorf("%s: mode %o, %q", name, look.Mode, look.Xattrs)
		}
	}
}

// TestSameXattrs: xfs tells root of an ACL twice, and nobody else.
func TestSameXattrs(t *testing.T) {
	user := journal.Xattrs{"system.posix_acl_access": []byte("1")}
	root := journal.Xattrs{"system.posix_acl_access": []byte("1"), "trusted.SGI_ACL_FILE": []byte("2")}
	if !sameXattrs(user, root) || !sameXattrs(root, user) || sameXattrs(root, nil) || !sameXattrs(nil, journal.Xattrs{}) {
		t.Error("an ACL that is listed twice counts twice")
	}
}
