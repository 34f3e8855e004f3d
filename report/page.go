package report

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/oneinode/oneinode/report/html"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// Pages with more stay quick to write but not to open: what is beyond is in
// the sums only, and the page says so.
const (
	pageSets    = 500_000
	pageSkipped = 20_000
)

// writeHTML writes one page that needs nothing beside itself.
func writeHTML(out *bufio.Writer, src schema.Source, style Style) error {
	d := src.Document()
	places := placesOf(&d)
	w := html.New(out, "oneinode: "+pageTitle(&d), pageFacts(&d, style.Next))
	n := 0
	for set, err := range src.Sets() {
		if err != nil {
			return err
		}
		if n++; n > pageSets {
			break
		}
		if err := w.Set(pageSet(&set, places)); err != nil {
			return err
		}
	}
	n = 0
	for s := range src.Skipped() {
		if n++; n > pageSkipped {
			break
		}
		if err := w.Skipped(html.Skipped{Path: schema.AtHost(s.Host, s.Raw()), Reason: show.Escape(s.Reason), Error: show.Escape(s.Error)}); err != nil {
			return err
		}
	}
	return w.Close()
}

// place tells where a set is.
type place struct {
	host   string
	device uint64
}

func placesOf(d *schema.Document) map[place]string {
	places := map[place]string{}
	for _, f := range d.Filesystems {
		p := place{f.Host, f.Device}
		if _, ok := places[p]; !ok {
			places[p] = strings.TrimSpace(show.Quote(schema.AtHost(f.Host, f.Mount)) + " " + show.Escape(f.Type))
		}
	}
	return places
}

func pageSet(s *schema.Set, places map[place]string) html.Set {
	out := html.Set{Size: s.Size, Frees: s.ReclaimableBytes, Place: pageAt(s, places[place{s.Host, s.Device}])}
	twice, left := s.Redundancies(), s.ReclaimableBytes
	for _, i := range inOrder(s) {
		in := pageInode(s, &s.Inodes[i], twice[i])
		in.Frees = min(in.Frees, left)
		left -= in.Frees
		out.Inodes = append(out.Inodes, in)
	}
	return out
}

// pageAt tells where a set is, and how it is joined unless by hard links.
func pageAt(s *schema.Set, filesystem string) string {
	var words []string
	isElsewhere := func(in schema.Inode) bool { return in.Device != 0 }
	if filesystem != "" {
		words = append(words, show.Choose(slices.ContainsFunc(s.Inodes, isElsewhere), "kept on ", "on ")+filesystem)
	}
	if s.Link != "" {
		words = append(words, "by "+show.Escape(s.Link)+"s")
	}
	return strings.Join(words, " · ")
}

func pageInode(s *schema.Set, in *schema.Inode, twice int64) html.Inode {
	out := html.Inode{
		Action: in.Action, Redundant: twice, Frees: s.Frees(in), Note: show.Escape(noteOf(s, in)), Host: s.Host,
		Attrs: fmt.Sprintf("owner %d:%d · mode %s", in.UID, in.GID, textOf(in.Mode)), Mtime: int64(in.Mtime) / int64(time.Second),
	}
	for _, p := range in.Paths {
		out.Paths = append(out.Paths, p.Raw())
	}
	for _, p := range in.OutsidePaths {
		out.Elsewhere = append(out.Elsewhere, p.Raw())
	}
	return out
}

// facts is what the page shows beside the sets; page.js knows the names.
type facts struct {
	Where    string   `json:"where"`
	Label    string   `json:"label"`
	Figure   int64    `json:"figure"`
	Lede     string   `json:"lede"`
	Title    string   `json:"title"` // of the map
	Word     string   `json:"word"`  // what the bytes of map and sets are
	Next     string   `json:"next,omitempty"`
	Stack    [][2]any `json:"stack"`   // label, bytes
	Tiles    [][2]any `json:"tiles"`   // figure, label
	Held     [][4]any `json:"held"`    // bytes, what, how, flag
	Notes    []string `json:"notes"`   // on what stays apart
	Reasons  [][3]any `json:"reasons"` // reason, paths or files, whether something went wrong
	SetsLeft int64    `json:"setsLeft,omitempty"`
	Foot     string   `json:"foot"`
	Command  string   `json:"command"`
}

func pageTitle(d *schema.Document) string {
	if len(d.Run.Roots) == 0 {
		return show.Escape(d.Run.Host)
	}
	title := show.Quote(d.Run.Roots[0].Raw())
	if more := len(d.Run.Roots) - 1; more > 0 {
		title += fmt.Sprintf(" and %d more", more)
	}
	return strings.TrimSpace(title + " " + inDirectory(d))
}

// inDirectory tells where relative PATHs begin, "" if there are none.
func inDirectory(d *schema.Document) string {
	isRelative := func(r schema.Root) bool { return !strings.HasPrefix(r.Raw(), "/") }
	if d.Run.Directory == nil || !slices.ContainsFunc(d.Run.Roots, isRelative) {
		return ""
	}
	return "in " + show.Quote(d.Run.Directory.Raw())
}

func pageFacts(d *schema.Document, next string) facts {
	s := &d.Summary
	f := facts{
		Where: pageWhere(d), Next: next, Tiles: pageTiles(d), Held: pageHeld(d), Notes: append([]string{}, notesOf(d)...), Reasons: pageReasons(s),
		Title: "Where space can be reclaimed", Word: "reclaimable",
		Label: "Reclaimable", Figure: s.ReclaimableBytes, SetsLeft: max(0, s.Sets-pageSets),
		Command: show.Escape(d.Run.Command), Foot: strings.TrimSpace("oneinode "+show.Escape(d.Tool.Version)) + strings.TrimSuffix(" · run "+show.Escape(d.Run.ID)+" "+inDirectory(d), " ") + " ·",
	}
	f.Lede = "by " + howLinked(&d.Run, s.Replacements) + ". " + show.Choose(isSymlinks(&d.Run), "They break when the kept file is moved, renamed or removed.", "Every path stays where it is, with its content.")
	switch {
	case d.Run.Action == schema.ActionDedupe:
		f.Label, f.Figure, f.Next = "Freed", s.FreedBytes, ""
		f.Title, f.Word = "Where space could be reclaimed", "reclaimable before"
		f.Lede = "by " + howLinked(&d.Run, s.Linked) + "." + takenBack(d, next)
	case s.Sets == 0:
		f.Lede = show.Choose(d.Run.Complete, "There are no duplicate files.", "No duplicate files were found so far.")
		f.Next = ""
	case s.ReclaimableBytes == 0:
		f.Lede, f.Next = show.Counted(s.Sets, "set was found, but would free nothing: see below.", "sets were found, but would free nothing: see below."), ""
	}
	if !d.Run.Complete {
		f.Lede += " The run was stopped before its end."
	}
	if d.Run.Overlap {
		f.Lede += " Note: " + overlapText + "."
	}
	f.Stack = pageStack(s, f.Figure, strings.ToLower(f.Label))
	return f
}

// takenBack names the command for the very run, since others may follow before the page is read.
func takenBack(d *schema.Document, next string) string {
	switch {
	case d.Summary.Linked == 0:
		return ""
	case strings.Contains(d.Run.ID, ", "): // of several scans
		return " oneinode undo RUN takes each run back."
	}
	return " " + cmp.Or(next, show.ShellCommand("oneinode", "undo", d.Run.ID)) + " takes it back."
}

// pageStack divides the allocated bytes: what can be won, what is there twice
// but stays, and the rest.
func pageStack(s *schema.Summary, won int64, label string) [][2]any {
	held := max(0, s.RedundantBytes-won-s.PinnedBytes)
	rest := max(0, s.BytesAllocated-won-held-s.PinnedBytes)
	return [][2]any{
		{label, won}, {show.Choose(label == "freed", "still redundant", "redundant, but stays"), held}, {"pinned by names outside", s.PinnedBytes}, {"stored once", rest},
	}
}

func pageWhere(d *schema.Document) string {
	roots := []string{}
	for i, r := range d.Run.Roots {
		if i == 4 {
			roots = append(roots, fmt.Sprintf("… and %d more", len(d.Run.Roots)-i))
			break
		}
		roots = append(roots, show.Quote(schema.AtHost(r.Host, r.Raw())))
	}
	when := time.Unix(0, int64(d.Run.Finished)).UTC().Format("2 January 2006, 15:04 UTC")
	where := strings.TrimSpace(strings.Join(roots, "  ") + " " + inDirectory(d))
	return strings.Join([]string{where, show.Escape(d.Run.Host), when}, " · ")
}

func pageTiles(d *schema.Document) [][2]any {
	s := &d.Summary
	tiles := [][2]any{
		countTile(s.Sets, "duplicate set", "duplicate sets"), countTile(s.DuplicateInodes, "file beyond the first", "files beyond the first"),
		{show.Size(s.RedundantBytes), "stored more than once"}, {show.Size(s.SavedByLinksBytes), "already saved by links"},
		countTile(s.Files, "name looked at", "names looked at"), {show.Size(s.BytesAllocated), "on the disk in total"},
	}
	if d.Run.Action == schema.ActionDedupe {
		tiles[3] = countTile(s.Linked, "name linked", "names linked")
	}
	return append(tiles, [2]any{show.Seconds(s.Seconds.Scan + s.Seconds.Hash + s.Seconds.Link), "for " + show.Size(s.BytesRead) + " read"})
}

func countTile(n int64, one, many string) [2]any {
	return [2]any{show.Count(n), show.Choose(n == 1, one, many)}
}

func pageHeld(d *schema.Document) [][4]any {
	s := &d.Summary
	held := [][4]any{}
	for _, rule := range byCount(s.HeldBack) {
		if s.HeldBack[rule] > 0 {
			flag, also := without(d, rule)
			held = append(held, [4]any{
				s.HeldBack[rule], "held back because " + show.Escape(differs(rule)) + inSets(s.HeldBackSets[rule]),
				show.Choose(also, "To drop this rule (but then reflinks must agree, too): ", "To drop this rule: "), "--match " + show.Escape(flag),
			})
		}
	}
	if s.PinnedInodes > 0 {
		how, flag := "To find the names: ", "--find-outside"
		if d.Run.FoundOutside {
			how, flag = "The names are listed with each file.", ""
		}
		held = append(held, [4]any{s.PinnedBytes, pinnedText(s), how, flag})
	}
	return held
}

func inSets(n int64) string {
	if n == 0 {
		return ""
	}
	return " in " + show.Counted(n, "set", "sets")
}

// differs says in words what a rule of --match asks for.
func differs(rule string) string {
	words := map[string]string{
		"owner": "the owners differ", "group": "the groups differ", "mode": "the permissions differ",
		"mtime": "the times of change differ", "xattr": "extended attributes (ACLs, labels) differ", "name": "the file names differ",
	}
	return cmp.Or(words[rule], "the files differ in "+together(rule))
}

// pageReasons lists why paths were left out, and why files stay for a limit.
func pageReasons(s *schema.Summary) [][3]any {
	list := [][3]any{}
	for i, by := range []map[string]int64{s.FailedReasons, s.SkippedReasons, s.Limited} {
		for _, r := range byCount(by) {
			list = append(list, [3]any{show.Escape(r), by[r], i == 0})
		}
	}
	return list
}

// byCount returns the keys, the greatest count first.
func byCount(counts map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
}
