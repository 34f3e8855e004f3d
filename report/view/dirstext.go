package view

import (
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

func (d *Dirs) text(p *printer) {
	if len(d.Whole) == 0 && len(d.Pairs) == 0 {
		p.line("no directories share duplicates")
	}
	for i, s := range d.Whole {
		if i == 0 {
			p.line("Equal in all that was looked at:")
		}
		p.line("\n  %s in %s each", show.Size(s.Bytes), show.Counted(s.Names, "file", "files"))
		for _, path := range s.Paths {
			p.line("    %s", path)
		}
	}
	for i, s := range d.Pairs {
		if i == 0 {
			p.line("%sSharing a part:", show.Choose(len(d.Whole) > 0, "\n", ""))
		}
		p.line("\n  %d %% of the smaller one, %s in %s", s.Percent, show.Size(s.Bytes), show.Counted(s.Files, "file", "files"))
		p.line("    %s\n    %s", s.A, s.B)
	}
	if d.Note != "" {
		p.line("\nnote: %s", d.Note)
	}
	if d.Crowded > 0 {
		p.line("\n%s in more than %d directories left out of the pairs", show.Counted(d.Crowded, "set", "sets"), crowd)
	}
}

// String shows the directory to people.
func (d Found) String() string { return show.Quote(schema.AtHost(d.Host, d.Raw())) }
