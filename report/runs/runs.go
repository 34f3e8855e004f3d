package runs

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/rivo/uniseg"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// Info is a past run in the list of them.
type Info struct {
	ID       string        `json:"id"`
	Kind     string        `json:"kind"`
	State    string        `json:"state"`
	Started  schema.Time   `json:"started"`
	Finished *schema.Time  `json:"finished,omitempty"`
	Host     string        `json:"host"`
	Roots    []schema.Path `json:"roots"`
	Linked   int64         `json:"linked"` // or copied, for a split
	Freed    int64         `json:"freed_bytes"`
	Undone   int64         `json:"undone"`
	Journal  schema.Path   `json:"journal"`
}

// List lists past runs, oldest first, whose journals lie in a state directory, on a terminal
// of so many columns, or 0.
func List(w io.Writer, stateDir string, journals []*journal.Journal, asJSON bool, width int) error {
	list := make([]Info, len(journals))
	for i, j := range journals {
		list[i] = runInfo(j)
	}
	if asJSON {
		return show.WriteJSON(w, map[string]any{"schema": schema.Number, "runs": list})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(w, "no runs yet in %s\n", show.Quote(stateDir))
		return err
	}
	_, err := io.WriteString(w, fitTable(runTable(list), width))
	return err
}

func runInfo(j *journal.Journal) Info {
	i := &j.Info
	info := Info{
		ID: i.Run, Kind: i.Kind, State: runState(i), Started: schema.TimeOf(i.Started), Host: i.Host,
		Linked: i.Linked, Freed: i.Freed, Undone: i.Undone, Journal: schema.NewPath(j.Path()), Roots: []schema.Path{},
	}
	if i.Kind == journal.KindSplit {
		info.Linked, info.Undone = i.Undone, 0
	}
	if i.End != nil {
		t := schema.TimeOf(i.End.Finished)
		info.Finished = &t
	}
	for _, r := range i.Roots {
		info.Roots = append(info.Roots, schema.NewPath(string(r)))
	}
	return info
}

// runState says in a word how a run ended, and what became of it.
func runState(i *journal.Info) string {
	switch {
	case i.Live:
		return "running"
	case i.Kind == journal.KindDedupe && i.TakenBack():
		return "undone"
	case i.Kind == journal.KindDedupe && i.Undone+i.Left > 0:
		return "partly undone"
	case i.End == nil:
		return "killed"
	case !i.End.Complete:
		return "stopped"
	}
	return "complete"
}

// lastColumn heads what may be of any length.
const lastColumn = "WHERE"

func runTable(list []Info) string {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "RUN\tKIND\tSTATE\tNAMES\tFREED\t"+lastColumn)
	for _, r := range list {
		roots := make([]string, len(r.Roots))
		for i, p := range r.Roots {
			roots[i] = show.Quote(p.Raw())
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Kind, r.State, show.Count(r.Linked), freed(&r), strings.Join(roots, " "))
	}
	_ = tw.Flush() // its writer cannot fail
	return table.String()
}

// freed is nothing to speak of where copies were made.
func freed(r *Info) string {
	if r.Kind == journal.KindSplit {
		return "-"
	}
	return show.Size(r.Freed)
}

// fitTable puts the last column of a line that would be too wide on a line of its own, and others as
// far as they do not fit either.
func fitTable(table string, width int) string {
	last := strings.Index(table, lastColumn)
	var b strings.Builder
	for line := range strings.Lines(table) {
		if width > 0 && uniseg.StringWidth(strings.TrimSuffix(line, "\n")) > width {
			line = fitColumns(line[:last], width) + "\n    " + line[last:]
		}
		b.WriteString(line)
	}
	return b.String()
}

// fitColumns breaks a line between two columns.
func fitColumns(line string, width int) string {
	line = strings.TrimRight(line, " ")
	at := -1
	if uniseg.StringWidth(line) > width {
		at = strings.LastIndex(line[:width+1], "  ")
	}
	if at <= 0 {
		return line
	}
	return strings.TrimRight(line[:at], " ") + "\n    " + fitColumns(strings.TrimLeft(line[at:], " "), width-4)
}

// Needs says what copies will take, before they are made: for an undo of a run, whose end tells of
// all its paths, or for a split.
func Needs(w io.Writer, run string, needs []dedupe.Need) (err error) {
	if run != "" {
		_, err = fmt.Fprintf(w, "run %s\n", run)
	} else if len(needs) == 0 {
		_, err = fmt.Fprintln(w, "nothing to separate was found")
	}
	if err != nil {
		return err
	}
	for _, n := range needs {
		if _, err := fmt.Fprintln(w, need(n, len(needs) > 1)); err != nil {
			return err
		}
	}
	return nil
}

// need tells what the copies take on one filesystem, and on which, where it is one of several.
func need(n dedupe.Need, oneOfSeveral bool) string {
	free, where, note := " of "+show.Size(n.Free)+" free", "", ""
	if n.Unknown {
		free = ""
	}
	if oneOfSeveral && n.Dir != "" {
		where = " on the filesystem of " + show.Quote(n.Dir)
	}
	if n.CanReflink {
		note = " (the filesystem can share them: next to nothing at first)"
	}
	return fmt.Sprintf("%s · needs %s%s%s%s", show.Counted(n.Names, "path", "paths"), show.Size(n.Bytes), free, where, note)
}

// Copies ends an undo or a split.
func Copies(w io.Writer, t dedupe.UndoTotals, verbose bool) error {
	_, err := fmt.Fprintf(w, "%s with a copy of %s own again · %s copied · %s left alone · %s failed%s\n",
		show.Counted(t.Restored, "path", "paths"), whose(t), show.Size(t.Bytes), show.Count(t.Joined), show.Count(t.Failed), besides(t, verbose))
	return err
}

// WouldCopy ends the dry run of an undo.
func WouldCopy(w io.Writer, t dedupe.UndoTotals, verbose bool) error {
	_, err := fmt.Fprintf(w, "%s would get a copy of %s own again · %s left alone · %s would fail%s\n",
		show.Counted(t.Restored, "path", "paths"), whose(t), show.Count(t.Joined), show.Count(t.Failed), besides(t, verbose))
	return err
}

func whose(t dedupe.UndoTotals) string { return show.Choose(t.Restored == 1, "its", "their") }

// besides says how many paths needed no copy, as those that a stopped run announced
// and never came to, and of how many copies not all is as before the run.
func besides(t dedupe.UndoTotals, verbose bool) (text string) {
	which, what := " (-v says which)", " (-v says what)"
	if verbose {
		which, what = "", ""
	}
	if t.Gone > 0 {
		text = " · " + show.Count(t.Gone) + " not there any more (oneinode split takes those that were moved)"
	}
	if own := t.Left - t.Joined - t.Gone; own > 0 {
		text += " · " + show.Count(own) + " needed none" + which
	}
	if t.Changed > 0 {
		text += " · " + show.Count(t.Changed) + " with what was changed since the run" + what
	}
	return text
}

// Checks tells the sets of a verify as they come.
type Checks struct {
	Changed, Unread, Good int64 // sets
	Broken                int64 // symbolic links
	Gone                  int64 // sets of which no path is what the run made of it
	Killed                bool  // the run was, and had announced more than it came to

	together bool // a changed set has several paths

	out    io.Writer
	unread func(path, reason string, err error)
	quiet  bool
	err    error
}

// NewChecks tells on out, and unread of what cannot be read.
func NewChecks(out io.Writer, unread func(path, reason string, err error), quiet bool) *Checks {
	return &Checks{out: out, unread: unread, quiet: quiet}
}

// Set takes one set.
func (c *Checks) Set(s dedupe.Checked) {
	switch {
	case s.Gone:
		c.Gone++
	case s.Broken:
		c.Broken += int64(len(s.Paths))
		c.print("%s to %s, which is not there any more:\n", show.Counted(int64(len(s.Paths)), "symbolic link leads", "symbolic links lead"), show.Quote(s.Keeper))
		c.list(s.Paths)
	case s.Away:
		c.Unread++
		c.unread(s.Paths[0], dedupe.ReasonDirAway, nil)
	case s.Err != nil:
		c.Unread++
		c.unread(s.Paths[0], "cannot be checked", s.Err)
	case s.Changed:
		c.Changed++
		c.print("%s:\n", c.howChanged(s))
		c.list(s.Paths)
	default:
		c.Good++
	}
}

// howChanged heads the paths of a changed set.
func (c *Checks) howChanged(s dedupe.Checked) string {
	switch {
	case s.Alone:
		return "changed since they shared blocks, each for itself"
	case len(s.Paths) == 1:
		return "changed since it was linked, one path of the set is left"
	}
	c.together = true
	return "changed since it was linked, shared by " + show.Counted(int64(len(s.Paths)), "path", "paths")
}

func (c *Checks) list(paths []string) {
	for _, p := range paths {
		c.print("  %s\n", show.Quote(p))
	}
}

func (c *Checks) print(format string, args ...any) {
	if _, err := fmt.Fprintf(c.out, format, args...); c.err == nil {
		c.err = err
	}
}

// others counts links that are broken and sets that are gone, where there are any.
func (c *Checks) others() (text string) {
	if c.Broken > 0 {
		text += " · " + show.Counted(c.Broken, "broken link", "broken links")
	}
	if c.Gone > 0 {
		what := show.Choose(c.Killed, "not linked: the run was killed before that, or they were", "no longer linked:")
		text += " · " + show.Count(c.Gone) + " " + what + " removed, moved or replaced"
	}
	return text
}

// advice says what the user can do about what was listed, "" if that is nothing.
func (c *Checks) advice() (text string) {
	if c.Broken > 0 {
		text = "put a kept file back to its place, and its links work again, or can be undone\n"
	}
	if c.together {
		text += "oneinode split PATH gives a path its own copy of what it holds now; if the change is meant for all paths of a set, leave them\n"
	}
	return text
}

// Close ends the list with a line, and with one on what can be done.
func (c *Checks) Close() error {
	if !c.quiet || c.Changed+c.Broken > 0 {
		c.print("%s · %s changed · %s could not be read%s\n",
			show.Counted(c.Good, "set as it was linked", "sets as they were linked"), show.Count(c.Changed), show.Count(c.Unread), c.others())
	}
	c.print("%s", c.advice())
	return c.err
}
