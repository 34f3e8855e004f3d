package report

import (
	"cmp"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// filesystems tells what is possible where, for those who ask: with Verbose, or
// when something else than hard links was asked for.
func (t *texter) filesystems() {
	if !t.style.Verbose && t.doc.Run.Link == "" {
		return
	}
	label, told := "filesystems", map[string]bool{}
	for _, fs := range t.doc.Filesystems {
		if fs.Can == nil || told[fs.Mount] { // subvolumes are one mount
			continue
		}
		told[fs.Mount] = true
		kind := cmp.Or(fs.Type, "unknown type") + show.Choose(fs.ReadOnly, ", read-only", "")
		t.row(label, "%s (%s): %s", show.Quote(cmp.Or(fs.Mount, "?")), kind, strings.Join(canWords(fs.Can), ", "))
		label = ""
	}
}

// canWords tells what is there, and what is missing where that matters.
func canWords(c *schema.Can) []string {
	return []string{linkWords(c), show.Choose(c.Reflinks, "reflinks", "no reflinks"), guardWords(c),
		show.Choose(c.Exchange, "names exchanged in one step", "names replaced by rename")}
}

func linkWords(c *schema.Can) string {
	switch {
	case !c.HardLinks:
		return "no hard links"
	case c.LinkLimit > 0 && c.LinkLimit < 1<<30:
		return "hard links up to " + show.Count(c.LinkLimit)
	}
	return "hard links"
}

func guardWords(c *schema.Can) string {
	switch {
	case !c.Leases:
		return "writers not seen (pairs are compared instead)"
	case !c.Mappings:
		return "writers seen while they have the file open"
	}
	return "writers seen"
}
