package report

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

const sampleText = `16.0 KiB reclaimable · 5 files of 5.9 KiB each
  keep  a/one  (2 names outside the given paths)
     =  a/two
  link  b/copy
  link  b/elsewhere  (2 names outside the given paths: nothing is freed unless they are scanned too)
  link  d/x
     =  d/y
  hold  c/theirs  (differs in owner)
`

const sampleSums = `files        12,345 names, 12,000 inodes in 1 directory · 1.0 GiB
duplicates   2 sets · 5 inodes beyond the first of each
redundant    29.3 KiB stored more than once
reclaimable  16.0 KiB by linking 4 names
hard links   save 2.0 KiB already
held back    8.0 KiB by owner (--match mtime frees it)
skipped      2 paths: marked .nodedupe
failed       1 path: cannot be read
time         scan 250 ms · read 1m 01s (4.9 KiB)

next: oneinode dedupe .
`

func TestText(t *testing.T) {
	text := render(t, sample.Scan(), FormatText, Style{Next: "oneinode dedupe ."})
	if !strings.HasPrefix(text, sampleText) {
		t.Errorf("got\n%s\nwant first\n%s", text, sampleText)
	}
	if !strings.HasSuffix(text, "\n\n"+sampleSums) {
		t.Errorf("got\n%s\nwant at last\n%s", text, sampleSums)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && show.IsHostile(r) }); i >= 0 {
		t.Errorf("hostile character at %q", text[i:])
	}
	if want := fmt.Sprintf("… and %d more names (-v shows all)", len(sample.Hostile)+1-namesShown); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

func TestTextVerboseShowsEverything(t *testing.T) {
	text := render(t, sample.Scan(), FormatText, Style{Verbose: true})
	for _, name := range sample.Hostile {
		if !strings.Contains(text, "  "+show.Quote(name)+"\n") && !strings.Contains(text, "  "+show.Quote(name)+"  (") {
			t.Errorf("name %q is missing", name)
		}
	}
	for _, line := range []string{`x\xff  (cannot be read: permission denied)`, `z\x1b  (marked .nodedupe)`} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is missing in\n%s", line, text)
		}
	}
}

func TestTextShowsTheFirstSets(t *testing.T) {
	src := sample.Scan()
	for range 40 {
		src.AllSets = append(src.AllSets, src.AllSets[0])
	}
	src.Doc.Summary.Sets = int64(len(src.AllSets))
	text := render(t, src, FormatText, Style{})
	if n := strings.Count(text, " files of "); n != setsShown {
		t.Errorf("%d sets shown, want %d", n, setsShown)
	}
	if !strings.Contains(text, "… and 22 more sets (-v shows all") {
		t.Errorf("the rest is not told:\n%s", text)
	}
}

func TestTextColour(t *testing.T) {
	text := render(t, sample.Scan(), FormatText, Style{Color: true})
	plain := text
	for _, code := range []string{"0", bold, dim, green, cyan, red} {
		plain = strings.ReplaceAll(plain, "\x1b["+code+"m", "")
	}
	if plain == text || plain != render(t, sample.Scan(), FormatText, Style{}) {
		t.Errorf("colour changes the words:\n%s", text)
	}
}

// A run is coloured, too, and red where something failed.
func TestTextColourOfARun(t *testing.T) {
	for failed, code := range map[int64]string{0: green, 1: red} {
		src := sample.Scan()
		src.Doc.Run.Action, src.Doc.Summary.Failed = schema.ActionDedupe, failed
		text := render(t, src, FormatText, Style{Terminal: true, Color: true})
		if !strings.Contains(text, "\x1b["+code+"mlinked\x1b[0m") || strings.Contains(text, `\x1b`) {
			t.Errorf("%d failed:\n%q", failed, text)
		}
	}
}

func TestTextOfARun(t *testing.T) {
	src := sample.Scan()
	src.Doc.Run.Action, src.Doc.Run.Complete = schema.ActionDedupe, false
	src.Doc.Summary.Unreached, src.Doc.Summary.Linked, src.Doc.Summary.FreedBytes, src.Doc.Summary.ReclaimableBytes = 1, 3, 12288, 0
	text := render(t, src, FormatText, Style{Terminal: true, Next: "x"})
	for _, want := range []string{"linked       3 names · 12.0 KiB freed · 2 paths skipped · 1 failed · ", "link 0 ms\n", " · stopped before the end, 1 name not reached\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, no := range []string{"keep", "next:", "reclaimable"} {
		if strings.Contains(text, no) {
			t.Errorf("%q in\n%s", no, text)
		}
	}
}

func TestTextOfNothing(t *testing.T) {
	text := render(t, &schema.Loaded{Doc: schema.Document{Run: schema.Run{Complete: true}}}, FormatText, Style{Next: "x"})
	want := "no duplicates found\n\nfiles        0 names, 0 inodes in 0 directories · 0 B\ntime         scan 0 ms · read 0 ms (0 B)\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// A set whose links go to several keepers (the link limit) is told keeper by keeper.
func TestInOrder(t *testing.T) {
	s := schema.Set{Keeper: 1, Inodes: []schema.Inode{
		{Inode: 5, Action: schema.ActionHold}, {Inode: 4, Action: schema.ActionLink, To: 3}, {Inode: 1, Action: schema.ActionKeep},
		{Inode: 3, Action: schema.ActionKeep}, {Inode: 2, Action: schema.ActionLink},
	}}
	var got []uint64
	for _, i := range inOrder(&s) {
		got = append(got, s.Inodes[i].Inode)
	}
	if fmt.Sprint(got) != "[1 2 3 4 5]" {
		t.Errorf("order %v", got)
	}
}

// A scan sets out to replace no name.
func TestStoppedScanHasNoNamesToReach(t *testing.T) {
	src := sample.Scan()
	src.Doc.Run.Complete, src.Doc.Run.Stopped = false, "--max-duration"
	if text := render(t, src, FormatText, Style{}); !strings.Contains(text, "stopped      by --max-duration\n") {
		t.Error(text)
	}
}

// Whoever is told to run it again must get somewhere by it.
func TestStoppedSaysGoOnOnlyWhereThatWorks(t *testing.T) {
	for _, resumes := range []bool{false, true} {
		src := sample.Scan()
		src.Doc.Run.Complete, src.Doc.Run.Resumes = false, resumes
		if text := render(t, src, FormatText, Style{}); strings.Contains(text, "run it again to continue") != resumes {
			t.Errorf("resumes %v:\n%s", resumes, text)
		}
	}
}

// There is nothing to take back of a dedupe that linked nothing.
func TestDedupeOfNothingHasNoWayBack(t *testing.T) {
	for _, linked := range []int64{0, 3} {
		src := sample.Scan()
		src.Doc.Run.Action, src.Doc.Summary.Linked = schema.ActionDedupe, linked
		text := render(t, src, FormatText, Style{Verbose: true, Next: "oneinode undo RUN"})
		if got := strings.Contains(text, "oneinode undo RUN"); got != (linked > 0) || strings.Contains(text, "next:") {
			t.Errorf("%d linked:\n%s", linked, text)
		}
	}
}

// A run that was stopped has not seen all: that it found nothing says little.
func TestStoppedRunClaimsLess(t *testing.T) {
	for _, complete := range []bool{true, false} {
		src := sample.Scan()
		src.AllSets, src.Doc.Summary.Sets, src.Doc.Run.Complete = nil, 0, complete
		text := render(t, src, FormatText, Style{})
		if want := "no duplicates found" + show.Choose(complete, "", " so far") + "\n"; !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
		lede := pageFacts(&src.Doc, "").Lede
		if strings.Contains(lede, "There are no") != complete || strings.Contains(lede, "so far") == complete {
			t.Errorf("complete %v: the page says %q", complete, lede)
		}
	}
}

func TestTogether(t *testing.T) {
	for rule, want := range map[string]string{
		"owner": "owner", "owner,mode": "owner and mode", "owner,group,mode": "owner, group and mode",
	} {
		if got := together(rule); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}

// TestAdviceOfLinkAuto: --match is for reflinks, too, where --link auto makes some, and
// could hold back there what nobody asked to agree.
func TestAdviceOfLinkAuto(t *testing.T) {
	const caveat = "but then reflinks must agree, too"
	rules := []string{"owner", "mode"}
	for name, c := range map[string]struct {
		link           string
		match, reflink []string
		can            *schema.Can
		want           bool
	}{
		"reflinks need not agree":     {"auto", rules, nil, &schema.Can{Reflinks: true}, true},
		"they were asked the same":    {"auto", rules, rules, &schema.Can{Reflinks: true}, false},
		"none is asked any more":      {"auto", []string{"mode"}, nil, &schema.Can{Reflinks: true}, false},
		"no filesystem has reflinks":  {"auto", rules, nil, &schema.Can{}, false},
		"nobody knows what there is":  {"auto", rules, nil, nil, false},
		"hard links alone are wanted": {"", rules, nil, &schema.Can{Reflinks: true}, false},
	} {
		d := schema.Document{
			Run:         schema.Run{Link: c.link, Match: c.match, MatchReflink: c.reflink},
			Filesystems: []schema.Filesystem{{Can: c.can}},
			Summary:     schema.Summary{HeldBack: map[string]int64{"mode": 4096}},
		}
		text := render(t, &schema.Loaded{Doc: d}, FormatText, Style{})
		if page := pageHeld(&d)[0][2].(string); strings.Contains(text, caveat) != c.want || strings.Contains(page, caveat) != c.want {
			t.Errorf("%s: %s\n%s", name, page, text)
		}
	}
}

// TestOverlapIsTold: by the text and by the page.
func TestOverlapIsTold(t *testing.T) {
	for _, want := range []bool{true, false} {
		src := sample.Scan()
		src.Doc.Run.Overlap = want
		text, page := render(t, src, FormatText, Style{}), pageFacts(&src.Doc, "").Lede
		if strings.Contains(text, overlapText) != want || strings.Contains(page, overlapText) != want {
			t.Errorf("%v\n%s\n%s", want, page, text)
		}
	}
}

// TestTextTellsLinksOfMixedScans: where several scans asked for different links each set says its own.
func TestTextTellsLinksOfMixedScans(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	b := sample.OneSet("h", "/b", 2, sample.Inode(3, schema.ActionKeep, 1, "k"), sample.Inode(4, schema.ActionLink, 1, "x"))
	b.Doc.Run.Link, b.AllSets[0].Link = "reflink", "reflink"
	if text := render(t, merged(t, a, b), FormatText, Style{}); strings.Count(text, " · reflink\n") != 1 || strings.Count(text, " · hard\n") != 1 {
		t.Error(text)
	}
}

// TestTextTellsHosts: with scans of several hosts in one report each path shows its own.
func TestTextTellsHosts(t *testing.T) {
	scan := func(host string) *schema.Loaded {
		s := sample.OneSet(host, "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 2, "x"))
		s.AllSets[0].Inodes[1].OutsidePaths = []schema.Path{schema.NewPath("/o")}
		s.AllSkipped = []schema.Skipped{{Path: schema.NewPath("s"), Reason: "cannot be read"}}
		s.Doc.Summary.Failed, s.Doc.Summary.FailedReasons = 1, map[string]int64{"cannot be read": 1}
		return s
	}
	text := render(t, merged(t, scan("h"), scan("i")), FormatText, Style{Verbose: true})
	for _, want := range []string{"keep  h:/a/k\n", "link  i:/a/x  (", "outside: h:/o\n", "i:/a/s  (cannot be read"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := render(t, merged(t, scan("h")), FormatText, Style{Verbose: true}); strings.Contains(text, "h:k") {
		t.Errorf("a host of one:\n%s", text)
	}
}

// TestWhyLimited: a line has room for one reason.
func TestWhyLimited(t *testing.T) {
	if got := whyLimited(map[string]int64{"read-only filesystem": 40}); got != ": read-only filesystem" {
		t.Errorf("one: %q", got)
	}
	if got := whyLimited(map[string]int64{"read-only filesystem": 40, "immutable": 1}); got != " (-v says why)" {
		t.Errorf("two: %q", got)
	}
}

// TestMorePathsLeftOut: of many paths with one reason -v names a few, and says that there are more.
func TestMorePathsLeftOut(t *testing.T) {
	src := sample.Scan()
	src.AllSkipped = nil
	for i := range schema.ExamplesPerReason + 2 {
		src.AllSkipped = append(src.AllSkipped, schema.Skipped{Path: schema.NewPath(strconv.Itoa(i)), Reason: "young"})
	}
	src.Doc.Summary.Failed, src.Doc.Summary.FailedReasons = 0, nil
	src.Doc.Summary.Skipped, src.Doc.Summary.SkippedReasons = 7, map[string]int64{"young": 7}
	const more = "             … and 2 more (-o FILE.json lists all)\n"
	if text := render(t, src, FormatText, Style{Verbose: true}); strings.Count(text, "(young)") != 5 || !strings.Contains(text, more) {
		t.Errorf("%s", text)
	}
	src.Doc.Summary.Skipped, src.Doc.Summary.SkippedReasons, src.AllSkipped = 5, map[string]int64{"young": 5}, src.AllSkipped[:5]
	if text := render(t, src, FormatText, Style{Verbose: true}); strings.Contains(text, "more (") {
		t.Errorf("%s", text)
	}
}
