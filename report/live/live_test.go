package live

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/view"
	"github.com/oneinode/oneinode/scan"
)

// liveRun scans a real tree and returns its plan. What the roots are protects
// "ref" beneath dir.
func liveRun(t *testing.T, dir string, policy decide.Policy) *decide.Plan {
	t.Helper()
	roots := []scan.Root{{Path: dir}, {Path: filepath.Join(dir, "ref"), Protected: true}}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{MinSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	res, err := hash.Find(t.Context(), tree, hash.Options{Digests: true})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := decide.NewPlan(t.Context(), res, policy, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// family makes eight names of one content: of ref/keep, of a and its link b, of
// out with a name outside, of ref/deep with a name that is not protected, and of
// secret with another mode.
func family(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	tree := filepath.Join(dir, "tree")
	if err := os.MkdirAll(filepath.Join(tree, "ref"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ref/keep", "ref/deep", "a", "out", "secret", "bad\xff"} {
		writeFile(t, filepath.Join(tree, name), "equal")
	}
	for from, to := range map[string]string{"tree/a": "tree/b", "tree/out": "outside", "tree/ref/deep": "tree/shallow"} {
		if err := os.Link(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(tree, "secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return tree
}

// told flattens a set: what each name of the tree comes to.
func told(set schema.Set, dir string) map[string]string {
	words := map[string]string{}
	for _, in := range set.Inodes {
		for _, p := range in.Paths {
			text := in.Action
			if in.Reason != "" {
				text += ": " + in.Reason
			}
			words[strings.TrimPrefix(p.Raw(), dir+"/")] = text
		}
	}
	return words
}

func TestLive(t *testing.T) {
	dir := family(t)
	plan := liveRun(t, dir, decide.Policy{Match: decide.MatchDefault})
	var ledger Ledger
	ledger.Skip(scan.Skip{Path: "x", Reason: scan.ReasonMarked})
	src := New(plan, Facts{Tool: schema.Tool{Name: "oneinode", Version: "1"}, Run: schema.Run{ID: "r", Complete: true}}, &ledger)
	sets := slices.Collect(func(yield func(schema.Set) bool) {
		for set, err := range src.Sets() {
			if err != nil || !yield(set) {
				t.Fatal(err)
			}
		}
	})
	if len(sets) != 1 || sets[0].Size != 5 || sets[0].Digest == "" {
		t.Fatalf("sets %+v", sets)
	}
	words := told(sets[0], dir)
	for name, want := range map[string]string{"a": "link", "b": "link", "bad\xff": "link", "secret": "hold: differs in mode"} {
		if words[name] != want {
			t.Errorf("%q: %q, want %q", name, words[name], want)
		}
	}
	if !strings.HasPrefix(words["out"], "link: ") {
		t.Errorf("out: %q", words["out"])
	}
	for _, name := range []string{"ref/keep", "ref/deep"} {
		if w := words[name]; w == "link" || strings.HasPrefix(w, "link:") {
			t.Errorf("%s is protected, but told as %q", name, w)
		}
	}
	var st syscall.Stat_t
	if err := syscall.Stat(filepath.Join(dir, "a"), &st); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(sets[0].Inodes, func(in schema.Inode) bool { return in.Inode == st.Ino })
	if in := sets[0].Inodes[i]; in.Links != 2 || in.Mode != 0o644 || in.UID != st.Uid || in.Allocated != st.Blocks*512 {
		t.Errorf("inode of a: %+v", in)
	}
	if err := sets[0].Check(); err != nil {
		t.Errorf("the reader would refuse it: %v", err)
	}
	checkDocument(t, src.Document(), sets[0])
	var file bytes.Buffer
	out := bufio.NewWriter(&file)
	if err := errors.Join(saved.WriteJSON(out, src), out.Flush()); err != nil {
		t.Fatal(err)
	}
	if _, err := saved.Read(&file); err != nil {
		t.Errorf("it cannot be read back: %v", err)
	}
}

func checkDocument(t *testing.T, doc schema.Document, set schema.Set) {
	t.Helper()
	s := doc.Summary
	if s.Files != 8 || s.Inodes != 6 || s.Sets != 1 || s.DuplicateInodes != 5 || s.Skipped != 1 || s.Failed != 0 {
		t.Errorf("summary %+v", s)
	}
	if s.ReclaimableBytes != set.ReclaimableBytes || s.ReclaimableBytes == 0 {
		t.Errorf("reclaimable %d, in the set %d", s.ReclaimableBytes, set.ReclaimableBytes)
	}
	if len(doc.Run.Roots) != 2 || doc.Run.Roots[0].Reference || !doc.Run.Roots[1].Reference {
		t.Errorf("roots %+v", doc.Run.Roots)
	}
	if len(doc.Filesystems) == 0 || doc.Filesystems[0].Device != set.Device || s.Unreached != 0 {
		t.Errorf("filesystems %+v, device %d", doc.Filesystems, set.Device)
	}
}

// After a run the reason is that of what went otherwise than planned.
func TestLiveAfterARun(t *testing.T) {
	dir := family(t)
	plan := liveRun(t, dir, decide.Policy{Match: decide.MatchDefault})
	var ledger Ledger
	tree := plan.Result().Tree
	for sp := range plan.Sets() {
		for _, ip := range sp.Inodes {
			for _, n := range ip.Replace {
				o := dedupe.Outcome{Name: n, Path: tree.Path(n)}
				switch filepath.Base(o.Path) {
				case "b", "bad\xff":
					o.Kind, o.Reason = dedupe.Skipped, dedupe.ReasonBusy
				case "shallow":
					continue // not reached
				}
				ledger.Outcome(o)
			}
		}
	}
	src := New(plan, Facts{Run: schema.Run{Action: schema.ActionDedupe}}, &ledger)
	for set := range src.Sets() {
		words := told(set, dir)
		if words["bad\xff"] != "link: open for writing" {
			t.Errorf("bad: %q", words["bad\xff"])
		}
		if want := "link: 1 of 2 names not linked: open for writing"; words["a"] != want {
			t.Errorf("a: %q, want %q", words["a"], want)
		}
	}
	s := src.Document().Summary
	if s.Skipped != 2 || s.Linked+s.Skipped+s.Unreached != s.Replacements {
		t.Errorf("linked %d, skipped %d, unreached %d of %d", s.Linked, s.Skipped, s.Unreached, s.Replacements)
	}
}

// A run that was stopped before its first replace has come to no name of its plan.
func TestLiveUnreached(t *testing.T) {
	plan := liveRun(t, family(t), decide.Policy{Match: decide.MatchDefault})
	for action, want := range map[string]int64{schema.ActionDedupe: plan.Totals().Replacements, schema.ActionPlan: 0, schema.ActionScan: 0} {
		src := New(plan, Facts{Run: schema.Run{Action: action}}, &Ledger{})
		if got := src.Document().Summary.Unreached; got != want {
			t.Errorf("%s: %d names not reached, want %d", action, got, want)
		}
	}
}

// TestUnfitExamplesAreTheFirst: the same tree gives the same examples, whatever the order of the walk.
func TestUnfitExamplesAreTheFirst(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		name := filepath.Join(dir, fmt.Sprintf("d:%02d", 40-i))
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(name, "x?"), "x")
	}
	if err := os.Mkdir(filepath.Join(dir, "ref"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := measure(liveRun(t, dir, decide.Policy{})).unfit[schema.UnfitWindows]
	want := schema.Unfit{Names: 80}
	for _, name := range []string{"d:01", "d:01/x?", "d:02", "d:02/x?", "d:03"} {
		want.Examples = append(want.Examples, schema.NewPath(filepath.Join(dir, name)))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestDirectoriesOfAChain: directories that hold one directory, and nothing else, are not
// listed each with its path, and the view knows them all the same.
func TestDirectoriesOfAChain(t *testing.T) {
	const deep = 100
	dir := t.TempDir()
	for _, side := range []string{"a", "b", "ref"} {
		way := filepath.Join(dir, side, strings.Repeat("d/", deep))
		if err := os.MkdirAll(way, 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(way, "f"), "equal")
	}
	writeFile(t, filepath.Join(dir, "b/d/d/other"), "else")
	plan := liveRun(t, dir, decide.Policy{})
	list := map[string]schema.Directory{}
	for _, d := range measure(plan).directories {
		d.Path.Text = strings.TrimPrefix(d.Path.Text, dir)
		list[d.Path.Text] = d
	}
	for path, above := range map[string]int64{"": 0, "/ref": 0, "/ref" + strings.Repeat("/d", deep): deep - 1, "/a" + strings.Repeat("/d", deep): deep, "/b/d/d": 2, "/b" + strings.Repeat("/d", deep): deep - 3} {
		if d, ok := list[path]; !ok || d.Above != above {
			t.Errorf("%s: %+v, want %d above", path, d, above)
		}
	}
	if len(list) != 6 {
		t.Errorf("%d are listed", len(list))
	}
	view, err := view.NewDirs(New(plan, Facts{Measure: true}, &Ledger{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Whole) != 2 || len(view.Whole[1].Paths) != 3 || len(view.Whole[0].Paths) != 2 || view.Whole[0].Paths[0].Text != dir+"/a" || view.Whole[0].Paths[1].Text != dir+"/ref" {
		t.Errorf("whole: %+v", view.Whole)
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
