package decide

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestClassRules: each rule alone keeps apart what differs in it, and nothing else.
func TestClassRules(t *testing.T) {
	plain := hash.Attrs{Mode: 0o100644, UID: 1, GID: 2}
	with := func(change func(*hash.Attrs)) hash.Attrs { a := plain; change(&a); return a }
	for rule, other := range map[Match]hash.Attrs{
		MatchOwner: with(func(a *hash.Attrs) { a.UID = 9 }),
		MatchGroup: with(func(a *hash.Attrs) { a.GID = 9 }),
		MatchMode:  with(func(a *hash.Attrs) { a.Mode = 0o100600 }),
		MatchXattr: with(func(a *hash.Attrs) { a.Xattrs = [16]byte{1} }),
	} {
		for m := range MatchName { // names need a tree
			same := keyOf(Policy{Match: m}, plain, &InodePlan{}, 0, nil) == keyOf(Policy{Match: m}, other, &InodePlan{}, 1, nil)
			if same != (m&rule == 0) {
				t.Errorf("match %v, difference in %v: one class is %v", m, rule, same)
			}
		}
	}
}

func TestClassMtime(t *testing.T) {
	var old, young InodePlan
	young.Mtime = 1
	if keyOf(Policy{Match: MatchMtime}, hash.Attrs{}, &old, 0, nil) == keyOf(Policy{Match: MatchMtime}, hash.Attrs{}, &young, 1, nil) {
		t.Error("one nanosecond is no difference")
	}
	if keyOf(Policy{Match: MatchDefault}, hash.Attrs{}, &old, 0, nil) != keyOf(Policy{Match: MatchDefault}, hash.Attrs{}, &young, 1, nil) {
		t.Error("mtime counts though nobody asked")
	}
}

// TestClassNames: with the rule for names only files agree that have the same base names,
// wherever they lie.
func TestClassNames(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "1/p", "same", 100, "2/q")
	put(t, dir, "3/q", "same", 200, "4/p", "5/p")
	put(t, dir, "6/p", "same", 300)
	res := find(t, dir, scan.Root{Path: "."})
	got, _ := told(t, dir, res, Policy{Match: MatchName, Keep: KeepOldest})
	want(t, got, "3/q > 1/p", "4/p > 1/p", "5/p > 1/p", "6/p = differs in name")
}

// TestApart: of files that all differ the best keeper stays without a reason, whatever its inode
// number is, and the others tell what sets them apart from it.
func TestApart(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"c", "a", "b"} {
		put(t, dir, name, "same", 100)
		check(t, os.Chmod(filepath.Join(dir, name), 0o600+os.FileMode(i)))
	}
	got, _ := told(t, dir, find(t, dir, scan.Root{Path: "."}), Policy{Match: MatchMode})
	want(t, got, "b = differs in mode", "c = differs in mode")
}

// TestClassSetID: who gave up all rules has not given up those of files that
// lend rights.
func TestClassSetID(t *testing.T) {
	for _, bits := range []uint32{0o4000, 0o2000, 0o6000} {
		lends := hash.Attrs{Mode: 0o100755 | bits, UID: 1, GID: 1}
		others := []hash.Attrs{
			{Mode: lends.Mode, UID: 2, GID: 1}, {Mode: lends.Mode, UID: 1, GID: 2},
			{Mode: 0o100755, UID: 1, GID: 1}, {Mode: 0o100711 | bits, UID: 1, GID: 1}, {Mode: 0o100644},
		}
		for _, other := range others {
			if keyOf(Policy{Match: MatchNone}, lends, &InodePlan{}, 0, nil) == keyOf(Policy{Match: MatchNone}, other, &InodePlan{}, 1, nil) {
				t.Errorf("%o of %d:%d may become one with %o of %d:%d", lends.Mode, lends.UID, lends.GID, other.Mode, other.UID, other.GID)
			}
		}
		if keyOf(Policy{Match: MatchNone}, lends, &InodePlan{}, 0, nil) != keyOf(Policy{Match: MatchNone}, lends, &InodePlan{}, 1, nil) {
			t.Errorf("%o: two that are alike may not become one", lends.Mode)
		}
	}
}

// TestClassEncryption: whatever rules were given up, a hard link leads to no file that
// another key, or none, opens. Reflinks and symbolic links have their own limits.
func TestClassEncryption(t *testing.T) {
	for link, apart := range map[Link]bool{LinkHard: true, LinkReflink: false, LinkSymlink: false} {
		plain := keyOf(Policy{Link: link}, hash.Attrs{}, &InodePlan{}, 0, nil)
		encrypted := keyOf(Policy{Link: link}, hash.Attrs{Encryption: [16]byte{1}}, &InodePlan{}, 1, nil)
		if (plain != encrypted) != apart {
			t.Errorf("%v: kept apart is %v", link, !apart)
		}
		if apart && differences(&plain, &encrypted) != "differs in encryption" {
			t.Error(differences(&plain, &encrypted))
		}
	}
}

// TestClassUnknownXattrs: what could not be read is equal to nothing, not even
// to what could not be read either.
func TestClassUnknownXattrs(t *testing.T) {
	unknown := hash.Attrs{XattrsUnknown: true}
	keys := []classKey{
		keyOf(Policy{Match: MatchXattr}, unknown, &InodePlan{}, 0, nil), keyOf(Policy{Match: MatchXattr}, unknown, &InodePlan{}, 1, nil),
		keyOf(Policy{Match: MatchXattr}, hash.Attrs{}, &InodePlan{}, 2, nil),
	}
	if n := len(classes(keys)); n != 3 {
		t.Errorf("%d classes, want 3", n)
	}
	a, b := keyOf(Policy{Match: MatchOwner}, unknown, &InodePlan{}, 0, nil), keyOf(Policy{Match: MatchOwner}, unknown, &InodePlan{}, 1, nil)
	if a != b {
		t.Error("attributes count though nobody asked")
	}
}

// TestModeIgnoresType: only permission bits are compared; a set holds regular files only.
func TestModeIgnoresType(t *testing.T) {
	if k := keyOf(Policy{Match: MatchMode}, hash.Attrs{Mode: 0o107777}, &InodePlan{}, 0, nil); k.mode != 0o7777 {
		t.Errorf("mode %o", k.mode)
	}
}

func TestClasses(t *testing.T) {
	keys := []classKey{{uid: 1}, {uid: 2}, {uid: 1}, {uid: 3}, {uid: 2}}
	got := classes(keys)
	want := [][]int{{0, 2}, {1, 4}, {3}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDifferences(t *testing.T) {
	a := classKey{uid: 1, mode: 0o644, mtime: 5, names: "a"}
	b := classKey{uid: 2, gid: 3, mode: 0o600, mtime: 6, xattrs: [16]byte{1}, names: "b"}
	got := differences(&a, &b)
	for _, r := range rules {
		if !strings.Contains(got, r.name) {
			t.Errorf("%q does not tell of %s", got, r.name)
		}
	}
	if got := differences(&a, &classKey{uid: 2, mode: 0o644, mtime: 5, names: "a"}); got != "differs in owner" {
		t.Errorf("%q", got)
	}
}

// TestUnmappedOwners: files that show the id of all unknown owners may belong to
// different ones.
func TestUnmappedOwners(t *testing.T) {
	p := Policy{Match: MatchDefault, Unmapped: Unmapped{UID: 65534, GID: 65533}}
	for _, c := range []struct {
		attrs hash.Attrs
		same  bool
	}{
		{hash.Attrs{UID: 0, GID: 0}, true},
		{hash.Attrs{UID: 65533, GID: 65534}, true},
		{hash.Attrs{UID: 65534, GID: 0}, false},
		{hash.Attrs{UID: 0, GID: 65533}, false},
	} {
		a, b := keyOf(p, c.attrs, &InodePlan{}, 0, nil), keyOf(p, c.attrs, &InodePlan{}, 1, nil)
		if (a == b) != c.same {
			t.Errorf("%+v: same class: %v, want %v", c.attrs, a == b, c.same)
		}
	}
	all := hash.Attrs{UID: 65534, GID: 65534}
	if keyOf(Policy{Match: MatchDefault}, all, &InodePlan{}, 0, nil) != keyOf(Policy{Match: MatchDefault}, all, &InodePlan{}, 1, nil) {
		t.Error("where all ids are known, 65534 is an owner like others")
	}
}
