package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

func textOf(t *testing.T, v View) string {
	t.Helper()
	var b strings.Builder
	if err := WriteText(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withAmounts is a scan with the totals that the views need.
func withAmounts() *schema.Loaded {
	s := sample.OneSet("h", "/srv", 1, sample.Inode(1, schema.ActionKeep, 1, "a/x"), sample.Inode(2, schema.ActionLink, 3, "b/x"), sample.Inode(3, schema.ActionHold, 1, "b/y"))
	s.Doc.Run.Roots = []schema.Root{
		{Path: schema.NewPath("a"), Amount: &schema.Amount{Names: 2, Inodes: 1, Directories: 1, Blocks: 4096, BlocksWithoutLinks: 8192}},
		{Path: schema.NewPath("b"), Amount: &schema.Amount{Names: 2, Inodes: 2, Directories: 2, Blocks: 8192, BlocksWithoutLinks: 8192}},
	}
	s.Doc.Summary.Whole = &schema.Amount{Names: 4, Inodes: 2, Directories: 3, Blocks: 8192, BlocksWithoutLinks: 16384}
	s.Doc.Summary.MaxLinks, s.Doc.Summary.LinksOver = 3000, map[string]int64{"1024": 2}
	s.Doc.Summary.Unfit = map[string]schema.Unfit{schema.UnfitWindows: {Names: 7, Examples: []schema.Path{schema.NewPath("a/CON")}}}
	return s
}

func TestMigration(t *testing.T) {
	m, err := NewMigration(withAmounts(), "ext4")
	if err != nil {
		t.Fatal(err)
	}
	if m.NeedsWithLinks != 8192+3*4096 || m.NeedsWithoutLinks != 16384+3*4096 || m.NeedsSeparately != 12288+3*4096 {
		t.Errorf("needs %d, %d, %d", m.NeedsWithLinks, m.NeedsWithoutLinks, m.NeedsSeparately)
	}
	if m.DedupeSaves != 4096 {
		t.Errorf("dedupe saves %d: names outside do not move", m.DedupeSaves)
	}
	if m.Spanning.Sets != 1 || m.Spanning.Bytes != 4096 || len(m.Unfit) != 0 || m.FurtherInodes != 0 {
		t.Errorf("%+v", m)
	}
	if want := "rsync -aHAX --numeric-ids -- /srv/a/ /mnt/target/a/"; m.Roots[0].Command != want {
		t.Errorf("command %q, want %q", m.Roots[0].Command, want)
	}
	if want := "rsync -aHAX --numeric-ids --relative -- /srv/a/ /srv/b/ /mnt/target/"; m.Command != want {
		t.Errorf("command %q, want %q", m.Command, want)
	}
}

// TestMigrationOfHoles: that a copy takes more than the disk image does here is told, with what
// keeps it small.
func TestMigrationOfHoles(t *testing.T) {
	for allocated, told := range map[int64]bool{4096: true, 8192: false, 12288: false} {
		src := withAmounts()
		src.Doc.Summary.Whole.BytesAllocated = allocated
		m, err := NewMigration(src, "ext4")
		if err != nil || strings.Contains(textOf(t, m), "4.0 KiB less than their sizes") != told || strings.Contains(m.Note, "rsync -S") != told {
			t.Errorf("%d on the disk: %v, note %q", allocated, err, m.Note)
		}
	}
}

// TestMigrationOfEqualNames: what is copied from one tree does not replace what came from
// another one whose directory has the same name there.
func TestMigrationOfEqualNames(t *testing.T) {
	for _, c := range []struct{ a, b, target, want string }{
		{"one/music", "two/music", "ext4", "rsync -aHAX --numeric-ids --relative -- /srv/one/music/ /mnt/target/"},
		{"../one/music", "two/music", "ext4", "rsync -aHAX --numeric-ids --mkpath -- /srv/../one/music/ /mnt/target/one/music/"},
		{"one/music", "two/Music", "ext4", "rsync -aHAX --numeric-ids -- /srv/one/music/ /mnt/target/music/"},
		{"one/music", "two/Music", "apfs", "rsync -aHX --numeric-ids --relative -- /srv/one/music/ /mnt/target/"},
	} {
		src := withAmounts()
		src.Doc.Run.Roots[0].Path, src.Doc.Run.Roots[1].Path = schema.NewPath(c.a), schema.NewPath(c.b)
		m, err := NewMigration(src, c.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Roots[0].Command; got != c.want {
			t.Errorf("%s and %s to %s: %q, want %q", c.a, c.b, c.target, got, c.want)
		}
	}
}

// TestMigrationOfHosts: no command copies trees of several hosts at once.
func TestMigrationOfHosts(t *testing.T) {
	src := withAmounts()
	src.Doc.Run.Roots[0].Host, src.Doc.Run.Roots[1].Host = "h", "i"
	m, err := NewMigration(src, "ext4")
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, m)
	if m.Command != "" || strings.Contains(text, "all in one,") || !strings.Contains(text, "/mnt/target/b/  # on i\n") {
		t.Errorf("%q\n%s", m.Command, text)
	}
}

// TestMigrationUpwards: rsync --relative takes no path with ".." in it.
func TestMigrationUpwards(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"../a", "b", "rsync -aHAX --numeric-ids --relative -- /srv/.././a/ /srv/./b/ /mnt/target/"},
		{"../a", "a", ""},
		{"..", "b", ""},
		{"../a", "/", ""},
		{"a..", "b", "rsync -aHAX --numeric-ids --relative -- /srv/a../ /srv/b/ /mnt/target/"},
	} {
		src := withAmounts()
		src.Doc.Run.Roots[0].Path, src.Doc.Run.Roots[1].Path = schema.NewPath(c.a), schema.NewPath(c.b)
		m, err := NewMigration(src, "ext4")
		if err != nil {
			t.Fatal(err)
		}
		if m.Command != c.want {
			t.Errorf("%s and %s: %q, want %q", c.a, c.b, m.Command, c.want)
		}
	}
}

// TestMigrationOfOnePathOnTwoHosts: what comes from one host does not replace what has the
// same path on another.
func TestMigrationOfOnePathOnTwoHosts(t *testing.T) {
	src := withAmounts()
	for i, host := range []string{"h", "i"} {
		src.Doc.Run.Roots[i].Host, src.Doc.Run.Roots[i].Path = host, schema.NewPath("/srv/data")
	}
	m, err := NewMigration(src, "ext4")
	if err != nil {
		t.Fatal(err)
	}
	for i, host := range []string{"h", "i"} {
		if want := "rsync -aHAX --numeric-ids --relative -- /srv/data/ /mnt/target/" + host + "/"; m.Roots[i].Command != want {
			t.Errorf("command %q, want %q", m.Roots[i].Command, want)
		}
	}
}

// TestMigrationWithoutLinks: where no hard links are kept, no command is said to keep them.
func TestMigrationWithoutLinks(t *testing.T) {
	m, err := NewMigration(withAmounts(), "exfat")
	if err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, m); !strings.Contains(text, "all in one:\n") || strings.Contains(text, "between the trees kept") {
		t.Error(text)
	}
}

// TestMigrationOfOtherLinks: a copy knows nothing of blocks that files share, and of a symbolic
// link it copies the name; where no hard links are kept, none are lost between the trees either.
func TestMigrationOfOtherLinks(t *testing.T) {
	for _, c := range []struct {
		link, target   string
		saves, between int64
	}{{"", "ext4", 4096, 4096}, {"", "exfat", 0, 0}, {"reflink", "ext4", 0, 0}, {"reflink", "btrfs", 0, 0}, {"symlink", "ext4", 4096, 0}, {"symlink", "exfat", 0, 0}} {
		src := withAmounts()
		src.AllSets[0].Link = c.link
		m, err := NewMigration(src, c.target)
		if err != nil {
			t.Fatal(err)
		}
		if m.DedupeSaves != c.saves || m.Spanning.Bytes != c.between || (m.Spanning.Sets > 0) != (c.between > 0) {
			t.Errorf("%+v: %d, %+v", c, m.DedupeSaves, m.Spanning)
		}
	}
}

// TestMigrationTellsWhatIsNotCounted: who makes the target as big as is told must know what else will go there.
func TestMigrationTellsWhatIsNotCounted(t *testing.T) {
	for _, c := range []struct {
		command, reason, action, want string
	}{
		{"oneinode scan -o x.json a '--exclude me'", "in use", schema.ActionScan, ""},
		{"oneinode scan --min-size=1M --exclude '*.o' --exclude x a", "", schema.ActionScan, "left something out (--min-size, --exclude): a copy"},
		{"oneinode scan a", scan.ReasonMarked, schema.ActionScan, "left something out (marked .nodedupe): a copy"},
		{"oneinode dedupe a", "", schema.ActionDedupe, "scan again"},
	} {
		src := withAmounts()
		src.Doc.Run.Command, src.Doc.Run.Action, src.Doc.Summary.SkippedReasons = c.command, c.action, map[string]int64{c.reason: 1}
		m, err := NewMigration(src, "ext4")
		if err != nil {
			t.Fatal(err)
		}
		if text := textOf(t, m); !strings.Contains(text, c.want) || strings.Contains(text, "note: ") != (c.want != "") {
			t.Errorf("%s: no %q in\n%s", c.command, c.want, text)
		}
	}
}

// TestDiffWithARun: what a dedupe found is not what it left.
func TestDiffWithARun(t *testing.T) {
	for action, want := range map[string]bool{schema.ActionScan: false, schema.ActionPlan: false, schema.ActionDedupe: true} {
		src := withAmounts()
		src.Doc.Run.Action = action
		c, err := NewChanges(withAmounts(), src)
		if err != nil {
			t.Fatal(err)
		}
		if text := textOf(t, c); strings.Contains(text, "\nnote         this shows what a dedupe found") != want {
			t.Errorf("%s:\n%s", action, text)
		}
	}
}

// TestDiffOfOtherPaths: nor is what lies under a PATH that only one of them had; the order of PATHs
// and how they are written do not matter.
func TestDiffOfOtherPaths(t *testing.T) {
	for _, c := range []struct {
		paths []string
		told  bool
	}{{[]string{"b", "a"}, false}, {[]string{"/srv/a", "./b", "a"}, false}, {[]string{"a"}, true}, {[]string{"a", "/b"}, true}} {
		now := withAmounts()
		now.Doc.Run.Roots = nil
		for _, p := range c.paths {
			now.Doc.Run.Roots = append(now.Doc.Run.Roots, schema.Root{Path: schema.NewPath(p)})
		}
		got, err := NewChanges(withAmounts(), now)
		if err != nil || strings.HasPrefix(got.Note, "the scans are of different PATHs: what only one") != c.told {
			t.Errorf("%q: %v, note %q", c.paths, err, got.Note)
		}
	}
}

// TestDiffOfUnlikeScans: what one of two scans did not look at is not gone.
func TestDiffOfUnlikeScans(t *testing.T) {
	for _, c := range []struct{ old, now, reason, want string }{
		{"oneinode scan a", "oneinode scan -q a", "in use", ""},
		{"oneinode scan --exclude x --depth 3 a", "oneinode scan --depth=3 --exclude=x a", "", ""},
		{"oneinode scan a", "oneinode scan --min-size 1M a", "", "left out nothing and --min-size: what"},
		{"oneinode scan a", show.ShellCommand("oneinode", "scan", "--min-size=1M", "a"), "", "left out nothing and --min-size: what"},
		{"oneinode scan --min-size 1k a", "oneinode scan --min-size 1M a", "", "left out different things by --min-size: what"},
		{"oneinode scan --depth 3 a", "oneinode scan a", scan.ReasonUnreadableDir, "left out --depth and " + scan.ReasonUnreadableDir + ": what"},
	} {
		old, now := withAmounts(), withAmounts()
		old.Doc.Run.Command, now.Doc.Run.Command = c.old, c.now
		now.Doc.Summary.FailedReasons = map[string]int64{c.reason: 1}
		got, err := NewChanges(old, now)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Note, c.want) || (got.Note == "") != (c.want == "") {
			t.Errorf("%s, then %s: %q, want %q", c.old, c.now, got.Note, c.want)
		}
	}
}

func TestMigrationToPoorerFilesystems(t *testing.T) {
	ntfs, err := NewMigration(withAmounts(), "ntfs")
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, ntfs)
	for _, want := range []string{"allows 1,024 names of a file, here one has 3,000: 2 more copies are needed", "7 names cannot exist there", "a/CON"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	exfat, err := NewMigration(withAmounts(), "exfat")
	if err != nil {
		t.Fatal(err)
	}
	if exfat.NeedsWithLinks != 16384 || exfat.DedupeSaves != 0 || !strings.Contains(textOf(t, exfat), "keeps no hard links") {
		t.Errorf("%+v", exfat)
	}
	if _, err := NewMigration(sample.OneSet("h", "/", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionKeep, 1, "x")), "xfs"); err == nil {
		t.Error("a scan without totals was taken")
	}
}

func TestRootOf(t *testing.T) {
	finder := func(paths ...string) rootFinder {
		var d schema.Document
		for _, p := range paths {
			d.Run.Roots = append(d.Run.Roots, schema.Root{Path: schema.NewPath(p)})
		}
		return newRootFinder(&d)
	}
	f := finder("/a", "/a/b/", "c", ".")
	for path, want := range map[string]int{"/a/x": 0, "/a/bx/y": 0, "/a/b/x": 1, "/a/b": 1, "c/d/e": 2, "d": 3, "./d": 3} {
		if got := f.of("", path); got != want {
			t.Errorf("%s: root %d, want %d", path, got, want)
		}
	}
	if got := finder("/a").of("", "/z"); got != -1 {
		t.Errorf("/z: root %d, want none", got)
	}
}

// dirScan is a scan of sets given by their paths.
func dirScan(sizes map[string][2]int64, sets ...[]string) *schema.Loaded {
	s := &schema.Loaded{Doc: schema.Document{Summary: schema.Summary{Sets: int64(len(sets))}}}
	for i, paths := range sets {
		set := schema.Set{Size: 100, Device: 1}
		for j, p := range paths {
			set.Inodes = append(set.Inodes, sample.Inode(uint64(100*i+j), schema.ActionLink, 1, p))
		}
		s.AllSets = append(s.AllSets, set)
	}
	for path, size := range sizes {
		s.AllDirectories = append(s.AllDirectories, schema.Directory{Path: schema.NewPath(path), Names: size[0], Bytes: size[1]})
	}
	return s
}

func TestWholeDuplicateDirectories(t *testing.T) {
	src := dirScan(map[string][2]int64{"r": {6, 600}, "r/a": {2, 200}, "r/b": {2, 200}, "r/a/s": {1, 100}, "r/b/s": {1, 100}, "r/c": {2, 200}},
		[]string{"r/a/f", "r/b/f", "r/c/f"}, []string{"r/a/s/g", "r/b/s/g"})
	d, err := NewDirs(src)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Whole) != 1 || len(d.Whole[0].Paths) != 2 || d.Whole[0].Paths[0].Text != "r/a" || d.Whole[0].Bytes != 200 {
		t.Errorf("whole: %+v", d.Whole)
	}
	for _, p := range d.Pairs {
		if p.A.Text == "r/a" && p.B.Text == "r/b" || p.A.Text == "r/a/s" {
			t.Errorf("%+v is told twice", p)
		}
	}
	if text := textOf(t, d); !strings.Contains(text, "50 % of the smaller one, 100 B in 1 file\n    r/a\n    r/c") {
		t.Errorf("no pair a, c in\n%s", text)
	}
}

// TestManyEqualDirectories: what pairs lie inside is looked up, not searched for among all
// that are told as equal.
func TestManyEqualDirectories(t *testing.T) {
	const n = 500
	sizes, sets := map[string][2]int64{"r": {2 * n, 200 * n}}, [][]string{}
	for i := range n {
		a, b := fmt.Sprintf("r/%d_a", i), fmt.Sprintf("r/%d_b", i)
		sizes[a], sizes[b] = [2]int64{1, 100}, [2]int64{1, 100}
		sets = append(sets, []string{a + "/f", b + "/f"})
	}
	src := dirScan(sizes, sets...)
	d, err := NewDirs(src)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Whole) != n || len(d.Pairs) != 0 {
		t.Errorf("%d equal, %d pairs", len(d.Whole), len(d.Pairs))
	}
	e := newEquals(d.Whole)
	for i := range d.Whole {
		if w := d.Whole[i].Paths; !e.have(&DirPair{A: w[0], B: w[1]}) || i > 0 && e.have(&DirPair{A: w[0], B: d.Whole[i-1].Paths[0]}) {
			t.Errorf("%v", w)
		}
	}
	if e.looks > 8*n {
		t.Errorf("%d looks for %d pairs", e.looks, 2*n)
	}
}

// TestDirsTellWhatIsNotCompared: who is told that directories are equal may remove one, and must know
// what nobody has looked at.
func TestDirsTellWhatIsNotCompared(t *testing.T) {
	for _, c := range []struct{ command, reason, want string }{
		{"oneinode scan a", "in use", ""},
		{"oneinode scan --min-size 1M a", "", "left something out (--min-size): directories shown as equal"},
		{"oneinode scan --min-size 0 a", "", ""},
		{"oneinode dedupe -n --from x.json", "", "left something out (--from): directories"},
		{"oneinode scan a", scan.ReasonMarked, "left something out (marked .nodedupe): directories"},
	} {
		src := dirScan(map[string][2]int64{"a": {1, 100}, "b": {1, 100}}, []string{"a/x", "b/x"})
		src.Doc.Run.Command, src.Doc.Summary.SkippedReasons = c.command, map[string]int64{c.reason: 1}
		d, err := NewDirs(src)
		if err != nil {
			t.Fatal(err)
		}
		if text := textOf(t, d); !strings.Contains(text, c.want) || strings.Contains(text, "note: ") != (c.want != "") || !strings.HasPrefix(text, "Equal in all that was looked at:\n") {
			t.Errorf("%s: no %q in\n%s", c.command, c.want, text)
		}
	}
}

// TestViewsKeepSpaces: two names that differ in a space at the end are two.
func TestViewsKeepSpaces(t *testing.T) {
	d, err := NewDirs(dirScan(map[string][2]int64{"a": {1, 100}, "a ": {1, 100}}, []string{"a/x", "a /x"}))
	if err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, d); !strings.HasSuffix(text, "\n    a\n    a \n") {
		t.Errorf("%q", text)
	}
}

func TestNamesMustAgreeForWholeDirectories(t *testing.T) {
	d, err := NewDirs(dirScan(map[string][2]int64{"a": {1, 100}, "b": {1, 100}, "c": {2, 150}}, []string{"a/x", "b/y", "c/x"}))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Whole) != 0 || len(d.Pairs) != 3 || d.Pairs[0].Percent != 100 {
		t.Errorf("%+v", d)
	}
}

func TestPairsTellTheUpperDirectories(t *testing.T) {
	src := dirScan(map[string][2]int64{"r": {9, 900}, "r/a": {4, 400}, "r/b": {5, 500}, "r/a/s": {3, 300}, "r/b/s": {4, 400}},
		[]string{"r/a/s/1", "r/b/s/1"}, []string{"r/a/s/2", "r/b/s/2"}, []string{"r/a/3", "r/b/4"}, []string{"r/a/s/5", "r/b/s/5", "r/b/s/6"})
	d, err := NewDirs(src)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Pairs) != 1 || d.Pairs[0].A.Text != "r/a" || d.Pairs[0].Percent != 100 || d.Pairs[0].Files != 4 {
		t.Errorf("%+v", d.Pairs)
	}
	if _, err := NewDirs(dirScan(nil, []string{"a/x", "b/x"})); err == nil {
		t.Error("a scan without sizes was taken")
	}
}

// TestPairsOfUnequalDepth: songs that are filed by title lie in one directory, those by artist
// and by year in many. What is told is the whole of each, not one pair for every album.
func TestPairsOfUnequalDepth(t *testing.T) {
	src := dirScan(map[string][2]int64{
		"m": {12, 1200}, "m/title": {4, 400}, "m/artist": {4, 400}, "m/artist/a": {2, 200}, "m/artist/b": {2, 200},
		"m/artist/a/x": {2, 200}, "m/artist/b/x": {1, 100}, "m/artist/b/y": {1, 100}, "m/year": {4, 400}, "m/year/1": {2, 200}, "m/year/2": {2, 200},
	}, []string{"m/title/1", "m/artist/a/x/1", "m/year/1/1"}, []string{"m/title/2", "m/artist/a/x/2", "m/year/2/2"},
		[]string{"m/title/3", "m/artist/b/x/3", "m/year/1/3"}, []string{"m/title/4", "m/artist/b/y/4", "m/year/2/4"})
	want := []string{"m/artist m/title", "m/artist m/year", "m/title m/year"}
	if got := pairNames(t, src); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPairsHoldLittleElse: of pairs that share the same the closest is told, not one with a
// directory above that holds other things.
func TestPairsHoldLittleElse(t *testing.T) {
	src := dirScan(map[string][2]int64{
		"r": {9, 900}, "r/photos": {2, 200}, "r/photos/s": {2, 200}, "r/old": {7, 700}, "r/old/home": {4, 400},
		"r/old/home/photos": {3, 300}, "r/old/home/photos/s": {3, 300},
	}, []string{"r/photos/s/1", "r/old/home/photos/s/1"}, []string{"r/photos/s/2", "r/old/home/photos/s/2"})
	if got, want := pairNames(t, src), []string{"r/old/home/photos r/photos"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// pairNames lists the pairs that the view tells, in alphabetical order.
func pairNames(t *testing.T, src schema.Source) (names []string) {
	t.Helper()
	d, err := NewDirs(src)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Pairs {
		names = append(names, p.A.Text+" "+p.B.Text)
	}
	slices.Sort(names)
	return names
}

func TestChanges(t *testing.T) {
	set := func(digest byte, size int64, inodes ...schema.Inode) schema.Set {
		for i := range inodes {
			inodes[i].Allocated = 0 // so small that they lie among the metadata
		}
		return schema.Set{Size: size, Device: 1, Digest: sample.DigestPrefix + strings.Repeat(string(digest)+"0", 32), Inodes: inodes}
	}
	old, now := &schema.Loaded{}, &schema.Loaded{}
	old.AllSets = []schema.Set{
		set('a', 10, sample.Inode(1, "", 1, "same1"), sample.Inode(2, "", 1, "same2")),
		set('b', 100, sample.Inode(3, "", 1, "b1"), sample.Inode(4, "", 1, "b2"), sample.Inode(5, "", 1, "b3")),
		set('c', 1000, sample.Inode(6, "", 1, "c1"), sample.Inode(7, "", 1, "c2")),
	}
	now.AllSets = []schema.Set{
		set('a', 10, sample.Inode(1, "", 1, "same1"), sample.Inode(2, "", 1, "same2")),
		set('b', 100, sample.Inode(3, "", 2, "b1", "b2"), sample.Inode(5, "", 1, "b3")),
		set('d', 7, sample.Inode(8, "", 1, "d1"), sample.Inode(9, "", 1, "new\n")),
	}
	now.Doc.Summary.SavedByLinksBytes = 600
	c, err := NewChanges(old, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Appeared) != 1 || c.AppearedSum != 7 || len(c.Gone) != 2 || c.GoneSum != 1100 || c.Linked != 600 || !c.Gone[1].Linked {
		t.Errorf("%+v", c)
	}
	text := textOf(t, c)
	for _, want := range []string{"7 B · 2 files, was at most 1\n", `new\n`, "100 B · 2 files, was 3, by links", "1000 B · at most 1 file, was 2\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestChangesOfRenumberedDevices: a filesystem is known by its mount point where that has another
// device number by now, and never for two.
func TestChangesOfRenumberedDevices(t *testing.T) {
	fs := func(device uint64, mount string) schema.Filesystem {
		return schema.Filesystem{Device: device, Mount: mount}
	}
	scan := func(host string, device uint64, list ...schema.Filesystem) *schema.Loaded {
		s := sample.OneSet(host, "/", device, sample.Inode(1, "", 1, "a"), sample.Inode(2, "", 1, "b"))
		s.Doc.Filesystems = list
		return s
	}
	for name, c := range map[string]struct {
		old, now *schema.Loaded
		same     bool
	}{
		"another number":      {scan("h", 42, fs(42, "/a")), scan("h", 43, fs(43, "/a")), true},
		"numbers exchanged":   {scan("h", 42, fs(42, "/a"), fs(43, "/b")), scan("h", 43, fs(42, "/b"), fs(43, "/a")), true},
		"another mount point": {scan("h", 42, fs(42, "/a")), scan("h", 42, fs(42, "/b")), true},
		"another filesystem":  {scan("h", 42, fs(42, "/a")), scan("h", 43, fs(42, "/a"), fs(43, "/b")), false},
		"another host":        {scan("h", 42, fs(42, "/a")), scan("i", 43, fs(43, "/a")), false},
		"subvolumes":          {scan("h", 42, fs(42, "/a"), fs(43, "/a")), scan("h", 44, fs(44, "/a"), fs(45, "/a")), false},
		"two would be one":    {scan("h", 42, fs(42, "/a"), fs(43, "/b")), scan("h", 43, fs(43, "/a"), fs(44, "/c")), false},
	} {
		got, err := NewChanges(c.old, c.now)
		if err != nil || (len(got.Appeared)+len(got.Gone) == 0) != c.same {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestChangesByLinks: of what is gone only that counts as linked which links can have
// taken: what they save more than before, and never more than is gone.
func TestChangesByLinks(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want int64 }{
		"no more than the names tell": {0, 0, 4096}, "fewer than before": {9000, 0, 4096},
		"more than before": {1000, 1000 + 6000, 6000}, "more than is gone": {0, 1 << 20, 3 * 4096},
	} {
		old := sample.OneSet("h", "/", 1, sample.Inode(1, "", 1, "a"), sample.Inode(2, "", 1, "b"))
		old.AllSets = append(old.AllSets, schema.Set{Size: 10, Device: 2, Inodes: []schema.Inode{sample.Inode(3, "", 1, "c"), sample.Inode(4, "", 1, "d"), sample.Inode(5, "", 1, "e")}})
		now := sample.OneSet("h", "/", 1, sample.Inode(1, "", 2, "a", "b"))
		old.Doc.Summary.SavedByLinksBytes, now.Doc.Summary.SavedByLinksBytes = c.before, c.after
		got, err := NewChanges(old, now)
		if err != nil || got.GoneSum != 3*4096 || got.Linked != c.want {
			t.Errorf("%s: %+v, want %d by links: %v", name, got, c.want, err)
		}
	}
}

// TestChangesShowWhatIsNew: the biggest changes come first, as many as a reader will take in,
// and of a set that has grown the paths that were not there.
func TestChangesShowWhatIsNew(t *testing.T) {
	old := sample.OneSet("h", "/", 1, sample.Inode(1, "", 1, "a1"), sample.Inode(2, "", 1, "a2"), sample.Inode(3, "", 1, "a3"), sample.Inode(4, "", 1, "a4"))
	now := sample.OneSet("h", "/", 1, sample.Inode(1, "", 1, "a1"), sample.Inode(2, "", 1, "a2"), sample.Inode(3, "", 1, "a3"), sample.Inode(4, "", 1, "a4"), sample.Inode(5, "", 1, "fresh"))
	for i := range changesShown + 2 {
		inodes := []schema.Inode{sample.Inode(6, "", 1, fmt.Sprint("p", i)), sample.Inode(7, "", 1, fmt.Sprint("q", i))}
		inodes[0].Allocated, inodes[1].Allocated = 8192, 8192
		now.AllSets = append(now.AllSets, schema.Set{Size: 8192, Device: 1, Digest: fmt.Sprint(i), Inodes: inodes})
	}
	c, err := NewChanges(old, now)
	if err != nil {
		t.Fatal(err)
	}
	if last := c.Appeared[len(c.Appeared)-1]; last.Bytes != 4096 || last.Paths[0].Text != "fresh" || last.Before != 4 || last.After != 5 {
		t.Errorf("%+v", last)
	}
	if text := textOf(t, c); strings.Count(text, " files, was at most 1\n") != changesShown || !strings.Contains(text, "… and 3 more sets (") {
		t.Error(text)
	}
}

// The changes are parts of what is told as redundant: bytes on the disk, no holes.
func TestChangesCountWhatIsStored(t *testing.T) {
	holes := func(paths ...string) *schema.Loaded {
		s := &schema.Loaded{AllSets: []schema.Set{{Size: 1 << 40, Device: 1, Digest: sample.DigestPrefix + strings.Repeat("a0", 32)}}}
		for i, p := range paths {
			s.AllSets[0].Inodes = append(s.AllSets[0].Inodes, sample.Inode(uint64(i+1), "", 1, p)) // each takes 4096 bytes
		}
		return s
	}
	for _, c := range []struct {
		old, now       *schema.Loaded
		appeared, gone int64
	}{
		{&schema.Loaded{}, holes("a", "b", "c"), 8192, 0},
		{holes("a", "b"), holes("a", "b", "c"), 4096, 0},
		{holes("a", "b", "c"), holes("a", "b"), 0, 4096},
		{holes("a", "b", "c"), &schema.Loaded{}, 0, 8192},
	} {
		if got, err := NewChanges(c.old, c.now); err != nil || got.AppearedSum != c.appeared || got.GoneSum != c.gone {
			t.Errorf("%+v, %v; want %d and %d", got, err, c.appeared, c.gone)
		}
	}
}

// Programs that read a view find a list where nothing is in it, too.
func TestViewsOfNothingHaveListsNotNull(t *testing.T) {
	src := withAmounts()
	src.AllSets = nil
	dirs, err := NewDirs(dirScan(map[string][2]int64{"/a": {1, 1}}))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := NewChanges(src, src)
	if err != nil {
		t.Fatal(err)
	}
	move, err := NewMigration(src, "ext4")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []View{dirs, changes, move} {
		var b strings.Builder
		if err := show.WriteJSON(&b, v); err != nil || strings.Contains(b.String(), "null") {
			t.Errorf("%v: %s", err, &b)
		}
	}
}
