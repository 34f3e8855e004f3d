package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// summary writes the sums, one aligned line each; what is nothing is left out.
func (t *texter) summary(src schema.Source) {
	s := &t.doc.Summary
	if t.doc.Run.Action == schema.ActionDedupe {
		t.oneLine(s)
		if t.style.brief() {
			return
		}
	}
	t.row("files", "%s, %s in %s · %s", show.Counted(s.Files, "name", "names"), show.Counted(s.Inodes, "inode", "inodes"),
		show.Counted(s.Directories, "directory", "directories"), show.Size(s.BytesApparent))
	t.filesystems()
	if s.Sets > 0 {
		t.row("duplicates", "%s · %s beyond the first of each", show.Counted(s.Sets, "set", "sets"), show.Counted(s.DuplicateInodes, "inode", "inodes"))
		t.row("redundant", "%s stored more than once", show.Size(s.RedundantBytes))
	}
	t.savings(s)
	t.heldBack(s)
	if s.PinnedInodes > 0 {
		t.row("pinned", "%s: %s%s", show.Size(s.PinnedBytes), pinnedText(s), show.Choose(t.doc.Run.FoundOutside, "", " (--find-outside looks for them)"))
	}
	t.limited(s.Limited)
	t.reasons("skipped", "", s.Skipped, s.SkippedReasons, src)
	t.reasons("failed", red, s.Failed, s.FailedReasons, src)
	t.row("time", "%s", times(t.doc.Run.Action, s))
	if !t.doc.Run.Complete && t.doc.Run.Action != schema.ActionDedupe {
		t.row("stopped", "%s", t.stopped(s))
	}
}

const labelWidth = 13

func (t *texter) row(label, format string, args ...any) { t.rowIn("", label, format, args...) }

// rowIn escapes the text, since a saved scan may have any words in any place.
func (t *texter) rowIn(code, label, format string, args ...any) {
	pad := strings.Repeat(" ", max(0, labelWidth-len(label)))
	text := show.Escape(fmt.Sprintf(format, args...))
	if t.style.Width > 0 {
		text = hang(text, t.style.Width, labelWidth)
	}
	t.printf("%s%s%s\n", t.paint(cmp.Or(code, dim), label), pad, text)
}

func (t *texter) savings(s *schema.Summary) {
	if s.Sets > 0 && t.doc.Run.Action != schema.ActionDedupe {
		t.rowIn(green, "reclaimable", "%s by %s", show.Size(s.ReclaimableBytes), howLinked(&t.doc.Run, s.Replacements))
	}
	if s.SavedByLinksBytes > 0 {
		t.row("hard links", "save %s already", show.Size(s.SavedByLinksBytes))
	}
}

// howLinked says what is done to so many names, or, with reflinks, files.
func howLinked(r *schema.Run, n int64) string {
	if isReflinks(r) {
		return "sharing the blocks of " + show.Counted(n, "file", "files")
	}
	if isSymlinks(r) {
		return "making symbolic links of " + show.Counted(n, "name", "names")
	}
	return "linking " + show.Counted(n, "name", "names")
}

// isSymlinks reports whether the run makes symbolic links and nothing else.
func isSymlinks(r *schema.Run) bool { return r.Link == decide.LinkSymlink.String() }

// isReflinks reports whether the run shares blocks and nothing else.
func isReflinks(r *schema.Run) bool { return r.Link == decide.LinkReflink.String() }

// oneLine tells a dedupe in one line: for a mail that says all is well.
func (t *texter) oneLine(s *schema.Summary) {
	label, done := "linked", show.Counted(s.Linked, "name", "names")
	if isReflinks(&t.doc.Run) {
		label, done = "shared", show.Counted(s.Linked, "file", "files")
	}
	parts := []string{
		done, show.Size(s.FreedBytes) + " freed", show.Counted(s.Skipped, "path", "paths") + " skipped" + t.whySkipped(s),
	}
	if stays := t.staying(s); stays != "" {
		parts = append(parts, stays)
	}
	if s.Failed > 0 {
		parts = append(parts, show.Count(s.Failed)+" failed")
	}
	run := &t.doc.Run
	parts = append(parts, show.Seconds(time.Duration(run.Finished-run.Started).Seconds()))
	if !run.Complete {
		parts = append(parts, "stopped "+t.stopped(s))
	}
	t.rowIn(show.Choose(s.Failed > 0, red, green), label, "%s", strings.Join(parts, " · "))
}

// staying says what a limit keeps as it is; where no link was made, also that rules or borders
// keep files apart, since one line has no room for them.
func (t *texter) staying(s *schema.Summary) string {
	if n := schema.Sum(s.Limited); n > 0 {
		return show.Counted(n, "file stays", "files stay") + whyLimited(s.Limited)
	}
	keptApart := schema.Sum(s.HeldBack) > 0 || len(notesOf(&t.doc)) > 0
	return show.Choose(t.style.brief() && s.Linked == 0 && keptApart, "-v says what stays apart", "")
}

// stopped says by what a run was stopped and what is left.
func (t *texter) stopped(s *schema.Summary) string {
	text := "before the end"
	if t.doc.Run.Stopped != "" {
		text = "by " + t.doc.Run.Stopped
	}
	if s.LeftFiles > 0 {
		text += ", " + show.Counted(s.LeftFiles, "file", "files") + " not read"
	}
	if t.doc.Run.Action == schema.ActionDedupe {
		text += ", " + show.Counted(s.Unreached, "name", "names") + " not reached"
	}
	return text + show.Choose(t.doc.Run.Resumes, ": run it again to continue", "")
}

// heldBack prices each rule, the dearest first, with what would give it up.
func (t *texter) heldBack(s *schema.Summary) {
	for _, rule := range byCount(s.HeldBack) {
		if s.HeldBack[rule] > 0 {
			flag, also := without(&t.doc, rule)
			t.row("held back", "%s by %s%s (--match %s frees it%s)", show.Size(s.HeldBack[rule]), together(rule), inSets(s.HeldBackSets[rule]), flag, show.Choose(also, ", but then reflinks must agree, too", ""))
		}
	}
}

// together names rules that hold something back only together.
func together(rule string) string {
	if last := strings.LastIndexByte(rule, ','); last >= 0 {
		return strings.ReplaceAll(rule[:last], ",", ", ") + " and " + rule[last+1:]
	}
	return rule
}

// without is the word for --match that gives up a rule, or several with commas, and
// whether that asks more of reflinks than they were asked: of --link auto the flag is for both.
func without(d *schema.Document, rule string) (flag string, also bool) {
	given := strings.Split(rule, ",")
	rest := slices.DeleteFunc(slices.Clone(d.Run.Match), func(m string) bool { return slices.Contains(given, m) })
	if len(rest) == 0 {
		return "none", false
	}
	isMore := func(m string) bool { return !slices.Contains(d.Run.MatchReflink, m) }
	also = d.Run.Link == decide.LinkAuto.String() && slices.ContainsFunc(rest, isMore) && slices.ContainsFunc(d.Filesystems, hasReflinks)
	return strings.Join(rest, ","), also
}

func hasReflinks(f schema.Filesystem) bool { return f.Can != nil && f.Can.Reflinks }

// reasons writes how many paths were left out and why, the most frequent reason
// first; with Verbose some paths of each.
func (t *texter) reasons(label, code string, sum int64, by map[string]int64, src schema.Source) {
	if sum == 0 {
		return
	}
	t.rowIn(code, label, "%s: %s", show.Counted(sum, "path", "paths"), countedReasons(by))
	if !t.style.Verbose {
		return
	}
	if more := sum - t.examples(byCount(by), src); more > 0 {
		t.row("", "… and %s more (-o FILE.json lists all)", show.Count(more))
	}
}

// countedReasons tells how many there are of each reason; of one alone that was told before.
func countedReasons(by map[string]int64) string {
	reasons := byCount(by)
	if len(reasons) == 1 {
		return reasons[0]
	}
	for i, r := range reasons {
		reasons[i] = r + " " + show.Count(by[r])
	}
	return strings.Join(reasons, " · ")
}

// limited tells how many files stay for a limit of the filesystem.
func (t *texter) limited(by map[string]int64) {
	if len(by) == 0 {
		return
	}
	t.row("limits", "%s: %s", show.Counted(schema.Sum(by), "file stays", "files stay"), countedReasons(by))
}

// whySkipped is for a run that came to nothing, as with a saved scan that is out of date.
func (t *texter) whySkipped(s *schema.Summary) string {
	if !t.style.brief() || s.Linked > 0 || len(s.SkippedReasons) == 0 {
		return ""
	}
	return whyLimited(s.SkippedReasons)
}

// whyLimited has room for one reason: a job may come to nothing for it, as on a read-only mount.
func whyLimited(by map[string]int64) string {
	if len(by) > 1 {
		return " (-v says why)"
	}
	return ": " + countedReasons(by)
}

// examples lists the first few paths of each reason, and returns how many.
func (t *texter) examples(reasons []string, src schema.Source) (n int64) {
	shown := map[string]int{}
	for s := range src.Skipped() {
		if !slices.Contains(reasons, s.Reason) || shown[s.Reason] == schema.ExamplesPerReason {
			continue
		}
		shown[s.Reason]++
		n++
		t.row("", "%s  (%s)", show.Quote(schema.AtHost(s.Host, s.Raw())), show.Why(s.Reason, s.Error))
	}
	return n
}

func times(action string, s *schema.Summary) string {
	parts := []string{"scan " + show.Seconds(s.Seconds.Scan), "read " + show.Seconds(s.Seconds.Hash) + " (" + show.Size(s.BytesRead) + ")"}
	if action == schema.ActionDedupe {
		parts = append(parts, "link "+show.Seconds(s.Seconds.Link))
	}
	return strings.Join(parts, " · ")
}

// next tells the command that goes on from here, where it would gain something,
// or the way back.
func (t *texter) next() {
	isDedupe, word := t.doc.Run.Action == schema.ActionDedupe, "next"
	gain := t.doc.Summary.ReclaimableBytes
	if isDedupe {
		word, gain = "to take it back", t.doc.Summary.Linked
	}
	if t.style.Next != "" && gain > 0 && !(isDedupe && t.style.brief()) {
		t.printf("\n%s: %s\n", word, t.paint(bold, t.style.Next))
	}
}
