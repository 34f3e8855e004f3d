package report

import (
	"slices"

	"github.com/oneinode/oneinode/dedupe"
)

// advice tells what the figures do not: what stays apart, and which links may break.
func (t *texter) advice() {
	run := &t.doc.Run
	if t.style.Brief && run.Action == ActionDedupe {
		return
	}
	if run.Link == "" {
		for _, note := range bordersIn(t.doc.Filesystems) {
			t.row("note", "%s", note)
		}
	}
	isLinked := run.Link == dedupe.LinkSymlink.String() && t.doc.Summary.Replacements > 0
	if isLinked && !slices.ContainsFunc(run.Roots, func(r Root) bool { return r.Reference }) {
		t.row("note", "no --reference: a symbolic link breaks when the kept file is moved, renamed or removed; --reference DIR says which tree stays")
	}
}

// bordersIn says which borders inside of a filesystem no hard link crosses: mounts of
// one device, and subvolumes in one mount. Equal files on both sides are not looked for.
func bordersIn(list []Filesystem) (notes []string) {
	mounts, volumes := false, false
	for i := range list {
		for j := range list[:i] {
			a, b := &list[i], &list[j]
			mounts = mounts || a.Host == b.Host && a.Device == b.Device && a.Mount != b.Mount
			volumes = volumes || a.Host == b.Host && a.Device != b.Device && a.Mount == b.Mount && a.Type == "btrfs" && b.Type == "btrfs"
		}
	}
	if mounts {
		notes = append(notes, "one filesystem is met behind several mounts: no hard link leads from one to another, so equal files there stay apart; name them by paths on one mount")
	}
	if volumes {
		notes = append(notes, "several subvolumes are met: no hard link leads from one to another, so equal files there stay apart; --link reflink shares their blocks")
	}
	return notes
}
