package report

import (
	"slices"

	"github.com/oneinode/oneinode/dedupe"
)

// advice warns of symbolic links to files that nobody has said will stay.
func (t *texter) advice() {
	run := &t.doc.Run
	if run.Link != dedupe.LinkSymlink.String() || t.doc.Summary.Replacements == 0 || t.style.Brief && run.Action == ActionDedupe {
		return
	}
	if slices.ContainsFunc(run.Roots, func(r Root) bool { return r.Reference }) {
		return
	}
	t.row("note", "no --reference: a symbolic link breaks when the kept file is moved, renamed or removed; --reference DIR says which tree stays")
}
