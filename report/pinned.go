package report

import "github.com/oneinode/oneinode/dedupe"

// isPinned reports whether the inode would be linked, and would be free but for
// names that the scan did not meet.
func (i *Inode) isPinned() bool {
	return i.Action == ActionLink && i.Reason == dedupe.HoldOutside
}

// Frees is what becomes free when the inode is dealt with as planned, in bytes:
// nothing while any of its names remains, which its reason tells.
func (i *Inode) Frees() int64 {
	if i.Action != ActionLink || i.Reason != "" || i.Outside() > 0 {
		return 0
	}
	return i.Allocated
}

// pin counts an inode of a set.
func (s *Summary) pin(in *Inode) {
	if in.isPinned() {
		s.PinnedInodes++
		s.PinnedBytes += in.Allocated
	}
}

// pinnedText says what names outside the given paths cost.
func pinnedText(s *Summary) string {
	return Counted(s.PinnedInodes, "file has", "files have") + " names outside the given paths: nothing is freed unless those are scanned too"
}

// unlessScanned says what n names outside mean for an inode that is linked.
func unlessScanned(n int) string {
	if n == 1 {
		return ": nothing is freed unless it is scanned too"
	}
	return ": nothing is freed unless they are scanned too"
}
