package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// Figures of one page are of one kind: parts of what is on the disk are no more
// than all that is there.
func TestPagePartsAreThoseOfTheWhole(t *testing.T) {
	f := pageFacts(&sample.Scan().Doc, "")
	var sum int64
	for _, part := range f.Stack {
		sum += part[1].(int64)
	}
	want := sample.Scan().Doc.Summary.BytesAllocated
	for _, tile := range f.Tiles {
		if tile[1] == "on the disk in total" && sum == want && tile[0] == show.Size(want) {
			return
		}
	}
	t.Errorf("the parts are %s of %s; tiles %v", show.Size(sum), show.Size(want), f.Tiles)
}

// TestPageFreesNoMoreThanTheSet: what is reserved for a file, or a symbolic link takes, is known of the
// set alone.
func TestPageFreesNoMoreThanTheSet(t *testing.T) {
	inode := func(action string) schema.Inode {
		return schema.Inode{Allocated: 20 << 20, Links: 1, Action: action, Paths: []schema.Path{schema.NewPath(action)}}
	}
	s := schema.Set{Size: 4000, ReclaimableBytes: 6000, Inodes: []schema.Inode{inode("keep"), inode("link"), inode("link")}}
	var sum int64
	for _, in := range pageSet(&s, nil).Inodes {
		sum += in.Frees
	}
	if sum != s.ReclaimableBytes {
		t.Errorf("the files free %d bytes, the set %d", sum, s.ReclaimableBytes)
	}
}

// The map and the totals count alike what is stored more than once: bytes on the disk,
// each where it lies.
func TestPageCountsRedundantBytesAsTheTotalsDo(t *testing.T) {
	in := func(action, reason string, allocated int64) schema.Inode {
		return schema.Inode{Action: action, Reason: reason, Allocated: allocated, Paths: []schema.Path{schema.NewPath(action)}}
	}
	for _, c := range []struct {
		inodes []schema.Inode
		want   []int64
	}{
		{[]schema.Inode{in(schema.ActionKeep, "", 0), in(schema.ActionLink, "", 0), in(schema.ActionLink, "", 1<<30)}, []int64{0, 0, 1 << 30}},
		{[]schema.Inode{in(schema.ActionHold, "x", 4096), in(schema.ActionKeep, "", 8192), in(schema.ActionLink, "", 4096)}, []int64{4096, 4096, 4096}},
		{[]schema.Inode{in(schema.ActionKeep, "", 8192), in(schema.ActionHold, decide.HoldShared, 8192), in(schema.ActionLink, "", 8192)}, []int64{0, 0, 8192}},
		{[]schema.Inode{in(schema.ActionHold, decide.HoldShared, 8192), in(schema.ActionHold, decide.HoldShared, 8192)}, []int64{0, 0}},
	} {
		set := schema.Set{Size: 1 << 30, Device: 1, Inodes: c.inodes}
		got, sum := set.Redundancies(), int64(0)
		for _, in := range pageSet(&set, nil).Inodes {
			sum += in.Redundant
		}
		if !slices.Equal(got, c.want) || sum != set.Redundant() {
			t.Errorf("%v, want %v; the page has %d", got, c.want, sum)
		}
	}
}

// TestPageCountsOne: one is no more than one.
func TestPageCountsOne(t *testing.T) {
	d := sample.Scan().Doc
	d.Run.Action = schema.ActionDedupe
	d.Summary.Sets, d.Summary.DuplicateInodes, d.Summary.Files, d.Summary.Linked = 1, 1, 1, 1
	for _, tile := range [][2]any{{"1", "duplicate set"}, {"1", "file beyond the first"}, {"1", "name looked at"}, {"1", "name linked"}} {
		if tiles := pageFacts(&d, "").Tiles; !slices.Contains(tiles, tile) {
			t.Errorf("no %v in %v", tile, tiles)
		}
	}
}

func TestPageOfNoDuplicatesHasNoNextCommand(t *testing.T) {
	d := sample.Scan().Doc
	for sets, want := range map[int64]string{0: "", 1: "oneinode dedupe ."} {
		d.Summary.Sets = sets
		if got := pageFacts(&d, "oneinode dedupe .").Next; got != want {
			t.Errorf("%d sets: next %q, want %q", sets, got, want)
		}
	}
	d.Summary.Sets, d.Summary.ReclaimableBytes = 1, 0
	if lede := pageFacts(&d, "").Lede; !strings.HasPrefix(lede, "1 set was found") {
		t.Errorf("one set: %q", lede)
	}
}

func TestPageTellsWhereRelativePathsBegin(t *testing.T) {
	d := sample.Scan().Doc
	for _, c := range []struct{ root, want string }{{".", ". in /srv"}, {"/a", "/a"}} {
		dir := schema.NewPath("/srv")
		d.Run.Roots, d.Run.Directory = []schema.Root{{Path: schema.NewPath(c.root)}}, &dir
		if got := pageTitle(&d); got != c.want {
			t.Errorf("title %q, want %q", got, c.want)
		}
		f := pageFacts(&d, "")
		if inDir := c.root == "."; strings.Contains(f.Foot, "in /srv") != inDir || strings.Contains(f.Where, "in /srv") != inDir {
			t.Errorf("%s: where %q, foot %q", c.root, f.Where, f.Foot)
		}
	}
}

// Sets in which nothing is linked are not counted with what links free; reflinks link no names.
func TestPageTellsWhatIsLinked(t *testing.T) {
	for link, want := range map[string]string{
		"": "by linking 4 names. ", "reflink": "by sharing the blocks of 4 files. ", "symlink": "by making symbolic links of 4 names. ",
	} {
		d := sample.Scan().Doc
		d.Run.Link, d.Summary.Linked = link, 4
		for _, d.Run.Action = range []string{schema.ActionScan, schema.ActionDedupe} {
			if lede := pageFacts(&d, "").Lede; !strings.HasPrefix(lede, want) {
				t.Errorf("%s: %q, want %q", d.Run.Action, lede, want)
			}
		}
	}
}

// TestPageTellsLimits: what stays for a limit of the filesystem is told like what was left out.
func TestPageTellsLimits(t *testing.T) {
	d := sample.Scan().Doc
	d.Summary.Limited = map[string]int64{"in an immutable directory": 3}
	want := [3]any{"in an immutable directory", int64(3), false}
	if got := pageFacts(&d, "").Reasons; !slices.Contains(got, want) {
		t.Errorf("told: %v", got)
	}
}

// Who has looked for further names is not told to look for them.
func TestFoundOutsideIsNotOfferedAgain(t *testing.T) {
	for _, found := range []bool{false, true} {
		src := sample.Scan()
		src.Doc.Summary.PinnedInodes, src.Doc.Run.FoundOutside = 1, found
		if text := render(t, src, FormatText, Style{}); strings.Contains(text, "--find-outside") == found {
			t.Errorf("found %v: %s", found, text)
		}
		if page := render(t, src, FormatHTML, Style{}); strings.Contains(page, `"--find-outside"`) == found {
			t.Errorf("found %v: the page offers it wrongly", found)
		}
	}
}

// TestPageNotes: the page tells of a file what the text tells. Names outside are no reason why a file
// is held, and keep nothing from becoming free where blocks are shared.
func TestPageNotes(t *testing.T) {
	outside := "2 names outside the given paths"
	in := func(action, reason string, paths ...schema.Path) schema.Inode {
		return schema.Inode{Action: action, Reason: reason, Links: 3, NamesOutside: 2, Paths: paths}
	}
	name := schema.NewPath("a")
	for _, c := range []struct {
		link string
		in   schema.Inode
		want string
	}{
		{"", in(schema.ActionKeep, "", name), outside},
		{"", in(schema.ActionLink, decide.HoldOutside, name), outside + ": nothing is freed unless they are scanned too"},
		{"", in(schema.ActionHold, "differs in owner", name), "differs in owner"},
		{"", in(schema.ActionLink, "busy\u202e", name), `busy\u202e; ` + outside + ": nothing is freed unless they are scanned too"},
		{"reflink", in(schema.ActionLink, "", name), ""},
		{"", in(schema.ActionLink, "x", name, schema.NewPath("b")), "x; 1 name outside the given paths: nothing is freed unless it is scanned too"},
	} {
		if got := pageInode(&schema.Set{Link: c.link}, &c.in, 0).Note; got != c.want {
			t.Errorf("%s of %q, %d paths: %q, want %q", c.in.Action, c.link, len(c.in.Paths), got, c.want)
		}
	}
}

// TestPageOfARun: what was linked can no longer be won, and what takes the run back is named by the
// run, for others may follow.
func TestPageOfARun(t *testing.T) {
	for _, c := range []struct {
		id, next string
		linked   int64
		want     string
	}{
		{"r1", "", 4, "by linking 4 names. oneinode undo r1 takes it back."},
		{"r1", "oneinode undo --state-dir s r1", 4, "by linking 4 names. oneinode undo --state-dir s r1 takes it back."},
		{"r1, r2", "", 4, "by linking 4 names. oneinode undo RUN takes each run back."},
		{"r1", "", 0, "by linking 0 names."},
	} {
		d := sample.Scan().Doc
		d.Run.Action, d.Run.ID, d.Summary.Linked = schema.ActionDedupe, c.id, c.linked
		f := pageFacts(&d, c.next)
		if f.Lede != c.want || f.Next != "" || f.Title != "Where space could be reclaimed" || f.Word != "reclaimable before" || f.Stack[1][0] != "still redundant" {
			t.Errorf("%+v, want %q", f, c.want)
		}
	}
}

// What a scan cannot win is not held back by a rule alone: files of a set may differ in their blocks.
func TestPageStackOfAScan(t *testing.T) {
	stack := pageStack(&schema.Summary{RedundantBytes: 12 << 10, ReclaimableBytes: 8 << 10}, 8<<10, "reclaimable")
	if stack[1] != [2]any{"redundant, but stays", int64(4 << 10)} {
		t.Errorf("%v", stack[1])
	}
}

// Symbolic links do not promise what hard links do, and a set that they join may lie on several filesystems.
func TestPageOfSymlinks(t *testing.T) {
	d := sample.Scan().Doc
	for link, want := range map[string]bool{"": false, "symlink": true} {
		d.Run.Link = link
		if lede := pageFacts(&d, "").Lede; strings.Contains(lede, "They break when") != want || strings.Contains(lede, "Every path stays") == want {
			t.Errorf("%q: %q", link, lede)
		}
	}
	places := map[place]string{{"", 1}: "/a ext4"}
	for _, c := range []struct {
		link   string
		device uint64
		on     uint64
		want   string
	}{
		{"", 0, 1, "on /a ext4"}, {"reflink", 0, 1, "on /a ext4 · by reflinks"}, {"symlink", 2, 1, "kept on /a ext4 · by symlinks"}, {"symlink", 0, 3, "by symlinks"}, {"", 0, 3, ""},
	} {
		set := schema.Set{Link: c.link, Device: c.on, Inodes: []schema.Inode{sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x")}}
		set.Inodes[1].Device = c.device
		if got := pageSet(&set, places).Place; got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
