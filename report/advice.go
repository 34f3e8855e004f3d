package report

import (
	"cmp"
	"slices"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// advice tells what the figures do not: what stays apart, and which links may break.
func (t *texter) advice() {
	run := &t.doc.Run
	if run.Overlap {
		t.row("note", "%s", overlapText)
	}
	if t.style.Brief && run.Action == schema.ActionDedupe {
		return
	}
	if run.Link == "" {
		for _, note := range bordersIn(t.doc.Filesystems) {
			t.row("note", "%s", note)
		}
	}
	if !isSymlinks(run) && severalMet(t.doc.Filesystems) {
		t.row("note", "equal files of two filesystems are not looked for: only symbolic links lead from one to another (--link symlink)")
	}
	if run.Action == schema.ActionScan && t.doc.Summary.ReclaimableBytes > 0 {
		t.readOnly()
	}
	isLinked := isSymlinks(run) && t.doc.Summary.Replacements > 0
	if isLinked && !slices.ContainsFunc(run.Roots, func(r schema.Root) bool { return r.Reference }) {
		t.row("note", "no --reference: a symbolic link breaks when the kept file is moved, renamed or removed; --reference DIR says which tree stays")
	}
}

const overlapText = "these scans overlap: names, inodes and what is held back there count more than once; scan such trees together"

// readOnly tells which mounts a dedupe could not change.
func (t *texter) readOnly() {
	told := map[string]bool{}
	for _, f := range t.doc.Filesystems {
		if f.ReadOnly && !told[f.Mount] {
			told[f.Mount] = true
			t.row("note", "%s is mounted read-only: dedupe must be able to write there", show.Quote(cmp.Or(f.Mount, "?")))
		}
	}
}

// bordersIn says which borders inside of a filesystem no hard link crosses. Equal files
// on both sides are not looked for.
func bordersIn(list []schema.Filesystem) (notes []string) {
	for _, border := range [...][2]string{
		{schema.ApartMount, "one filesystem is met behind several mounts: no hard link leads from one to another, so equal files there stay apart; name them by paths on one mount"},
		{schema.ApartSubvolume, "several subvolumes are met: no hard link leads from one to another, so equal files there stay apart; --link reflink shares their blocks"},
	} {
		if slices.ContainsFunc(list, func(f schema.Filesystem) bool { return slices.Contains(f.Borders(list), border[0]) }) {
			notes = append(notes, border[1])
		}
	}
	return notes
}

// severalMet reports whether there are different filesystems of one host, which is not said of
// those that bordersIn tells of.
func severalMet(list []schema.Filesystem) bool {
	return slices.ContainsFunc(list, func(f schema.Filesystem) bool {
		return slices.ContainsFunc(list, func(o schema.Filesystem) bool {
			return o.Host == f.Host && o.Device != f.Device && o.Mount != f.Mount
		})
	})
}
