package dedupe

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestWishFits: whatever a saved scan tells of a file counts, the ctime alone as well: a
// writer can put the mtime back, not the ctime.
func TestWishFits(t *testing.T) {
	set := &hash.Set{Size: 1, Digest: hash.Digest{7}}
	facts := scan.Facts{Mtime: 2, Ctime: 3}
	for name, c := range map[string]struct {
		change func(*Wish)
		want   bool
	}{
		"the same":       {func(*Wish) {}, true},
		"no digest":      {func(w *Wish) { w.Digest = "" }, true},
		"another size":   {func(w *Wish) { w.Size++ }, false},
		"another mtime":  {func(w *Wish) { w.Mtime++ }, false},
		"another ctime":  {func(w *Wish) { w.Ctime++ }, false},
		"another digest": {func(w *Wish) { w.Digest = hash.Digest{8}.String() }, false},
	} {
		w := Wish{Size: 1, Mtime: 2, Ctime: 3, Digest: set.Digest.String()}
		if c.change(&w); w.fits(set, facts) != c.want {
			t.Errorf("%s: fits %v, want %v", name, !c.want, c.want)
		}
	}
}

// TestWishStillTrue: a file whose partners are gone is told only if it has changed itself.
func TestWishStillTrue(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "content", 100)
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: dir}}, scan.Options{})
	check(t, err)
	defer tree.Close()
	st := statOf(t, dir, "file")
	for name, change := range map[string]func(*Wish){
		"size": func(w *Wish) { w.Size++ }, "mtime": func(w *Wish) { w.Mtime++ }, "ctime": func(w *Wish) { w.Ctime++ },
	} {
		w := Wish{Size: st.Size, Mtime: st.Mtime, Ctime: st.Ctime}
		if !w.stillTrue(tree, 0) {
			t.Errorf("%s: has changed before it did", name)
		}
		if change(&w); w.stillTrue(tree, 0) {
			t.Errorf("another %s is no change", name)
		}
	}
	check(t, os.Remove(filepath.Join(dir, "file")))
	if w := (Wish{Size: st.Size, Mtime: st.Mtime, Ctime: st.Ctime}); w.stillTrue(tree, 0) {
		t.Error("a file that is gone is no change")
	}
}

// TestNarrowSets: of what was found only what the saved scan asked for is left, one set for each keeper;
// of the rest only what has changed is told.
func TestNarrowSets(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a1", "a2", "b1", "b2", "lone", "touched", "unasked"}
	for _, n := range names {
		put(t, dir, n, "content", 100)
	}
	res := find(t, dir, scan.Root{})
	wishes := map[scan.ID]Wish{}
	for n, keeper := range map[string]string{"a1": "a1", "a2": "a1", "b1": "b1", "b2": "b1", "lone": "lone", "touched": "a1"} {
		st := statOf(t, dir, n)
		wishes[st.ID] = Wish{Size: st.Size, Mtime: st.Mtime, Ctime: st.Ctime, Keeper: statOf(t, dir, keeper).ID}
	}
	touched := wishes[statOf(t, dir, "touched").ID]
	touched.Ctime--
	wishes[statOf(t, dir, "touched").ID] = touched
	var told []string
	Narrow(res, wishes, func(s scan.Skip) { told = append(told, filepath.Base(s.Path)+": "+s.Reason) })
	var sets []string
	for _, set := range res.Sets {
		var members []string
		for _, m := range set.Members {
			members = append(members, string(res.Tree.Base(m.Name)))
		}
		slices.Sort(members)
		sets = append(sets, strings.Join(members, " "))
	}
	slices.Sort(sets)
	if want := []string{"a1 a2", "b1 b2"}; !slices.Equal(sets, want) {
		t.Errorf("sets %q, want %q", sets, want)
	}
	if want := []string{"touched: " + ReasonDrifted, "unasked: " + ReasonDrifted}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
