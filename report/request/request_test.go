package request

import (
	"errors"
	"maps"
	"reflect"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

func inode(number uint64, action string, paths ...string) schema.Inode {
	in := schema.Inode{Inode: number, Mtime: 1, Ctime: 2, Action: action}
	for _, p := range paths {
		in.Paths = append(in.Paths, schema.NewPath(p))
	}
	return in
}

// scanOf is a saved scan of PATHs in which the last inode of the only set is its keeper.
func scanOf(roots []string, inodes ...schema.Inode) *schema.Loaded {
	src := &schema.Loaded{AllSets: []schema.Set{{Size: 7, Digest: "d", Device: 3, Keeper: inodes[len(inodes)-1].Inode, Inodes: inodes}}}
	for _, r := range roots {
		src.Doc.Run.Roots = append(src.Doc.Run.Roots, schema.Root{Path: schema.NewPath(r)})
	}
	return src
}

// What is to be linked and what takes it in are wished for, with what they were; what is held,
// and a keeper that nothing goes to, are not.
func TestOfTakesLinksAndTheirKeepers(t *testing.T) {
	second := inode(14, schema.ActionLink, "t/second")
	second.To, second.ToDevice = 15, 4
	further := inode(15, schema.ActionKeep, "t/further")
	further.Device = 4
	got, err := Of(scanOf([]string{"t"},
		inode(11, schema.ActionLink, "t/a", "t/b"), inode(12, schema.ActionHold, "t/held"), inode(13, schema.ActionKeep, "t/idle"),
		second, further, inode(16, schema.ActionKeep, "t/./keeper")), "/base")
	if err != nil {
		t.Fatal(err)
	}
	on := func(dev, ino uint64) scan.ID { return scan.ID{Dev: dev, Ino: ino} }
	wish := func(keeper scan.ID) dedupe.Wish {
		return dedupe.Wish{Size: 7, Mtime: 1, Ctime: 2, Digest: "d", Keeper: keeper}
	}
	wishes := map[scan.ID]dedupe.Wish{
		on(3, 11): wish(on(3, 16)), on(3, 14): wish(on(4, 15)), on(4, 15): wish(on(4, 15)), on(3, 16): wish(on(3, 16)),
	}
	if !maps.Equal(got.Wishes, wishes) {
		t.Errorf("wishes %v, want %v", got.Wishes, wishes)
	}
	if keepers := got.Keepers(); !maps.Equal(keepers, map[scan.ID]bool{on(4, 15): true, on(3, 16): true}) {
		t.Errorf("keepers %v", keepers)
	}
	root := func(path string, stays bool) scan.Root {
		return scan.Root{Path: "/base/" + path, Protected: stays, Top: "/base/t", Listed: true}
	}
	roots := []scan.Root{root("t/a", false), root("t/b", false), root("t/second", false), root("t/further", true), root("t/keeper", true)}
	if !reflect.DeepEqual(got.Roots, roots) || got.Astray != nil {
		t.Errorf("roots %v, want %v; astray %v", got.Roots, roots, got.Astray)
	}
}

// A file is reached from the PATH that the scan came by, and from nowhere else.
func TestTops(t *testing.T) {
	const astray = "astray"
	for _, c := range []struct {
		roots     []string
		path, top string
	}{
		{[]string{"t"}, "t/a/f", "/base/t"},
		{[]string{"t"}, "tt/f", astray},
		{[]string{"t"}, "f", astray},
		{[]string{"."}, "f", "/base/."},
		{[]string{"/"}, "/f", "/"},
		{[]string{"/t/a", "/t"}, "/t/a/f", "/t"},
		{[]string{"/t/a/", "/t"}, "/t/a/f", "/t/a/"},
		{[]string{"/t/f"}, "/t/f", ""},
		{[]string{"/t/f", "/t"}, "/t/f", "/t"},
		{[]string{"/t"}, "/t/../f", astray},
		{[]string{"/t/.."}, "/t/../f", "/t/.."},
	} {
		got, err := Of(scanOf(c.roots, inode(1, schema.ActionLink, c.path), inode(2, schema.ActionKeep, c.path+"2")), "/base")
		if err != nil {
			t.Fatal(err)
		}
		top := astray
		if len(got.Roots) > 0 {
			top = got.Roots[0].Top
		} else if got.Astray[0].Reason != reasonAstray {
			t.Errorf("%s: %v", c.path, got.Astray)
		}
		if top != c.top {
			t.Errorf("%s beneath %v: from %q, want %q", c.path, c.roots, top, c.top)
		}
	}
}

// What lies under a reference stays, by whichever of its names.
func TestReferencesStay(t *testing.T) {
	src := scanOf([]string{"/t", "/t/ref", "/t/one"},
		inode(1, schema.ActionLink, "/t/ref/a/f", "/t/f", "/t/reference", "/t/one"), inode(2, schema.ActionKeep, "/t/k"))
	src.Doc.Run.Roots[1].Reference, src.Doc.Run.Roots[2].Reference = true, true
	got, err := Of(src, "/")
	if err != nil {
		t.Fatal(err)
	}
	for i, stays := range []bool{true, false, false, true, true} {
		if got.Roots[i].Protected != stays {
			t.Errorf("%s stays: %v", got.Roots[i].Path, !stays)
		}
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		run            schema.Run
		link           decide.Link
		match, reflink decide.Match
	}{
		{schema.Run{}, decide.LinkHard, decide.MatchNone, decide.MatchNone},
		{schema.Run{Match: []string{"owner", "mtime"}}, decide.LinkHard, decide.MatchOwner | decide.MatchMtime, decide.MatchOwner | decide.MatchMtime},
		{schema.Run{Link: "reflink", Match: []string{"mode"}}, decide.LinkReflink, decide.MatchMode, decide.MatchMode},
		{schema.Run{Link: "auto", Match: []string{"mode"}, MatchReflink: []string{"name"}}, decide.LinkAuto, decide.MatchMode, decide.MatchName},
		{schema.Run{Link: "symlink", Absolute: true}, decide.LinkSymlink, decide.MatchNone, decide.MatchNone},
	} {
		got, err := Of(&schema.Loaded{Doc: schema.Document{Run: c.run}}, "/")
		if err != nil {
			t.Errorf("%+v: %v", c.run, err)
		} else if got.Link != c.link || got.Match != c.match || got.MatchReflink != c.reflink || got.Absolute != c.run.Absolute {
			t.Errorf("%+v: %+v", c.run, got)
		}
	}
}

// Nothing is guessed: a rule that cannot be read is never taken for none.
func TestRefuses(t *testing.T) {
	for field, run := range map[string]schema.Run{
		"run.match":         {Match: []string{"mode", "mdoe"}},
		"run.match_reflink": {Link: "auto", MatchReflink: []string{"mdoe"}},
		"run.link":          {Link: "glue"},
		"run.directory":     {},
	} {
		_, err := Of(&schema.Loaded{Doc: schema.Document{Run: run}}, "relative")
		if told, ok := errors.AsType[*FieldError](err); !ok || told.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := Of(&schema.Loaded{Doc: schema.Document{Run: schema.Run{Link: schema.LinkMixed}}}, "/"); !errors.Is(err, ErrMixed) {
		t.Errorf("several links: %v", err)
	}
}
