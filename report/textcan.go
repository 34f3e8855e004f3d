package report

import (
	"cmp"
	"strings"
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
		kind := cmp.Or(fs.Type, "unknown type") + choose(fs.ReadOnly, ", read-only", "")
		t.row(label, "%s (%s): %s", Quote(cmp.Or(fs.Mount, "?")), kind, strings.Join(fs.Can.words(), ", "))
		label = ""
	}
}

// words tells what is there, and what is missing where that matters.
func (c *Can) words() []string {
	return []string{c.linkWords(), choose(c.Reflinks, "reflinks", "no reflinks"), c.guardWords(),
		choose(c.Exchange, "names exchanged in one step", "names replaced by rename")}
}

func (c *Can) linkWords() string {
	switch {
	case !c.HardLinks:
		return "no hard links"
	case c.LinkLimit > 0 && c.LinkLimit < 1<<30:
		return "hard links up to " + Count(c.LinkLimit)
	}
	return "hard links"
}

func (c *Can) guardWords() string {
	switch {
	case !c.Leases:
		return "writers not seen (pairs are compared instead)"
	case !c.Mappings:
		return "writers seen while they have the file open"
	}
	return "writers seen"
}

func choose(yes bool, word, other string) string {
	if yes {
		return word
	}
	return other
}
