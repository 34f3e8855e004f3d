package view

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

func (m *Migration) text(p *printer) {
	p.line("Moving %s to %s", show.Counted(int64(len(m.Roots)), "tree", "trees"), m.Target)
	p.line("")
	m.table(p)
	p.line("")
	m.remarks(p)
	m.commands(p)
}

// table shows the roots, and all of them as one.
func (m *Migration) table(p *printer) {
	tw := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "files\tapparent\tallocated\twith hard links\twithout\t  tree")
	row := func(a *schema.Amount, with, without int64, what string) {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t  %s\n", show.Count(a.Names), show.Size(a.BytesApparent), show.Size(a.BytesAllocated), show.Size(with), show.Size(without), what)
	}
	for i := range m.Roots {
		r := &m.Roots[i]
		row(&r.Amount, r.NeedsWithLinks, r.NeedsWithoutLinks, show.Quote(schema.AtHost(r.Host, r.Raw())))
	}
	if len(m.Roots) > 1 {
		row(&m.Amount, m.NeedsWithLinks, m.NeedsWithoutLinks, "all in one copy")
	}
	_ = tw.Flush() // its writer keeps the error
}

func (m *Migration) remarks(p *printer) {
	switch {
	case !m.KeepsLinks:
		p.line("%s keeps no hard links: every name becomes a file of its own", m.Target)
	case m.FurtherInodes > 0:
		p.line("%s allows %s names of a file, here one has %s: %s needed", m.Target, show.Count(m.LinkLimit), show.Count(m.MaxLinks),
			show.Counted(m.FurtherInodes, "more copy is", "more copies are"))
	}
	if m.DedupeSaves > 0 {
		p.line("dedupe before the move saves %s of that", show.Size(m.DedupeSaves))
	}
	if more := m.NeedsSeparately - m.NeedsWithLinks; m.KeepsLinks && more > 0 {
		p.line("copied one by one the trees take %s more: hard links between them are lost", show.Size(more))
	}
	if m.Spanning.Sets > 0 {
		p.line("%s the trees: once linked, separate copies of the trees store %s more", show.Counted(m.Spanning.Sets, "set spans", "sets span"), show.Size(m.Spanning.Bytes))
		p.paths(m.Spanning.Examples, m.Spanning.Sets)
	}
	for _, kind := range slices.Sorted(maps.Keys(m.Unfit)) {
		u := m.Unfit[kind]
		p.line("%s %s", show.Counted(u.Names, "name", "names"), unfitWords(kind))
		p.paths(u.Examples, u.Names)
	}
	if m.Note != "" {
		p.line("note: %s", m.Note)
	}
}

func unfitWords(kind string) string {
	switch kind {
	case schema.UnfitWindows:
		return `cannot exist there: one of < > : " \ | ? *, a control character, a reserved word, or a dot or blank at the end`
	case schema.UnfitUTF8:
		return "cannot exist there: not UTF-8"
	case schema.UnfitCase:
		return "collide there: they differ in upper and lower case only"
	}
	return "cannot exist there: " + kind
}

func (m *Migration) commands(p *printer) {
	p.line("")
	if len(m.Roots) > 1 && m.Command != "" {
		p.line("all in one%s:", show.Choose(m.KeepsLinks, ", hard links between the trees kept", ""))
		p.line("  %s", m.Command)
		p.line("one by one:")
	}
	for i := range m.Roots {
		r := &m.Roots[i]
		p.line("  %s%s", r.Command, show.Choose(r.Host != "", "  # on "+show.Quote(r.Host), ""))
	}
}
