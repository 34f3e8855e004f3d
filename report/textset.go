package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// heading says what a set is worth, and by which links, where those may differ.
func (t *texter) heading(s *schema.Set) string {
	worth, how := "nothing reclaimable", ""
	if s.ReclaimableBytes > 0 {
		worth = show.Size(s.ReclaimableBytes) + " reclaimable"
	}
	if kind := t.doc.Run.Link; kind == decide.LinkAuto.String() || kind == schema.LinkMixed {
		how = " · " + show.Escape(cmp.Or(s.Link, decide.LinkHard.String()))
	}
	return fmt.Sprintf("%s · %s of %s each%s", t.paint(bold, worth), show.Counted(int64(len(s.Inodes)), "file", "files"), show.Size(s.Size), how)
}

// set writes one set: its heading, then its inodes, each keeper followed by those that
// become links to it.
func (t *texter) set(s *schema.Set) {
	t.printf("%s\n", t.heading(s))
	room := namesShown
	if t.style.Verbose {
		room = math.MaxInt
	}
	if t.style.Width > 0 {
		t.tellApart(s)
	}
	hidden := 0
	for _, i := range inOrder(s) {
		in := &s.Inodes[i]
		shown := min(room, len(in.Paths))
		t.inode(s, in, shown)
		room -= shown
		hidden += len(in.Paths) - shown
	}
	if hidden > 0 {
		t.printf("        … and %s (-v shows all)\n", show.Counted(int64(hidden), "more name", "more names"))
	}
	t.printf("\n")
}

// inOrder returns the indices of a set's inodes as a person wants to read them:
// each keeper before its links, at the end those that stay as they are.
func inOrder(s *schema.Set) []int {
	at := make(map[scan.ID]int, len(s.Inodes)) // keeper -> index
	for i := range s.Inodes {
		if s.Inodes[i].Action == schema.ActionKeep {
			at[s.ID(&s.Inodes[i])] = i
		}
	}
	rank := make([]int, len(s.Inodes))
	order := make([]int, len(s.Inodes))
	for i := range s.Inodes {
		rank[i], order[i] = rankOf(&s.Inodes[i], at, s), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
	return order
}

func rankOf(in *schema.Inode, at map[scan.ID]int, s *schema.Set) int {
	switch in.Action {
	case schema.ActionKeep:
		return 2 * at[s.ID(in)]
	case schema.ActionLink:
		return 2*at[s.KeeperID(in)] + 1
	}
	return 2 * len(s.Inodes)
}

// inodeTaken is what stands before a path: two blanks, the word, two blanks.
const inodeTaken = 8

// inode writes the first names of an inode. The names after the first are links
// to it already.
func (t *texter) inode(s *schema.Set, in *schema.Inode, names int) {
	word, code := wordOf(in.Action)
	note := show.Escape(noteOf(s, in))
	for _, p := range in.Paths[:names] {
		path := t.path(schema.AtHost(s.Host, p.Raw()), inodeTaken)
		t.printf("  %s  %s%s\n", t.paint(code, word), path, t.paint(dim, t.beside(path, note)))
		word, code, note = "   =", dim, ""
	}
	for _, p := range in.OutsidePaths {
		t.printf("        %s\n", t.paint(dim, "outside: "+t.path(schema.AtHost(s.Host, p.Raw()), inodeTaken+len("outside: "))))
	}
}

// beside puts a note behind a path, or below it where the terminal is too narrow for both.
func (t *texter) beside(path, note string) string {
	if note == "" {
		return ""
	}
	note = "(" + note + ")"
	if t.style.Width == 0 || inodeTaken+cells(path)+len("  ")+cells(note) <= t.style.Width {
		return "  " + note
	}
	return "\n" + strings.Repeat(" ", inodeTaken) + hang(note, t.style.Width, inodeTaken)
}

func wordOf(action string) (word, code string) {
	switch action {
	case schema.ActionKeep:
		return "keep", green
	case schema.ActionLink:
		return "link", cyan
	case schema.ActionHold:
		return "hold", dim
	}
	return "   -", dim
}

// noteOf says what is special about an inode, "" for most.
func noteOf(s *schema.Set, in *schema.Inode) string {
	n := in.Outside()
	if n == 0 || in.Action == schema.ActionHold || s.IsReflink() {
		return in.Reason
	}
	outside := show.Counted(int64(n), "name", "names") + " outside the given paths"
	if in.Action == schema.ActionLink {
		outside += unlessScanned(n)
	}
	if in.Reason == "" || in.Reason == decide.HoldOutside {
		return outside
	}
	return in.Reason + "; " + outside
}

// pinnedText says what names outside the given paths cost.
func pinnedText(s *schema.Summary) string {
	return show.Counted(s.PinnedInodes, "file has", "files have") + " names outside the given paths: nothing is freed unless those are scanned too"
}

// unlessScanned says what n names outside mean for an inode that is linked.
func unlessScanned(n int) string {
	if n == 1 {
		return ": nothing is freed unless it is scanned too"
	}
	return ": nothing is freed unless they are scanned too"
}
