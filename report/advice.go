package report

import (
	"cmp"
	"slices"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// advice tells what the figures do not.
func (t *texter) advice() {
	if t.doc.Run.Overlap {
		t.row("note", "%s", overlapText)
	}
	if t.style.brief() && t.doc.Run.Action == schema.ActionDedupe {
		return
	}
	for _, note := range notesOf(&t.doc) {
		t.row("note", "%s", note)
	}
}

const overlapText = "these scans overlap: names, inodes and what is held back there count more than once; scan such trees together"

// notesOf says what stays apart, and which links may break.
func notesOf(d *schema.Document) (notes []string) {
	if d.Run.Link == "" {
		notes = bordersIn(d.Filesystems)
	}
	if !isSymlinks(&d.Run) && severalMet(d.Filesystems) {
		notes = append(notes, "equal files on different filesystems are not looked for: only symbolic links can join them (--link symlink)")
	}
	if d.Run.Action == schema.ActionScan && d.Summary.ReclaimableBytes > 0 {
		notes = append(notes, readOnlyIn(d.Filesystems)...)
	}
	hasReference := slices.ContainsFunc(d.Run.Roots, func(r schema.Root) bool { return r.Reference })
	if hasReference && d.Summary.Sets == 0 {
		notes = append(notes, "files under --reference are compared with those elsewhere only, not with each other")
	}
	if isSymlinks(&d.Run) && d.Summary.Replacements > 0 && !hasReference {
		notes = append(notes, "no --reference: a symbolic link breaks when the kept file is moved, renamed or removed; --reference DIR names the tree that stays")
	}
	return notes
}

// readOnlyIn tells which mounts a dedupe could not change.
func readOnlyIn(list []schema.Filesystem) (notes []string) {
	told := map[string]bool{}
	for _, f := range list {
		if f.ReadOnly && !told[f.Mount] {
			told[f.Mount] = true
			notes = append(notes, show.Quote(cmp.Or(f.Mount, "?"))+" is mounted read-only: dedupe must be able to write there")
		}
	}
	return notes
}

// bordersIn says which borders inside of a filesystem no hard link crosses. Equal files
// on both sides are not looked for.
func bordersIn(list []schema.Filesystem) (notes []string) {
	for _, border := range [...][2]string{
		{schema.ApartMount, "one filesystem is mounted in several places: hard links cannot cross mounts, so equal files there stay separate; give paths on one mount"},
		{schema.ApartSubvolume, "there are several subvolumes: hard links cannot cross them, so equal files there stay separate; --link reflink shares their blocks"},
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
