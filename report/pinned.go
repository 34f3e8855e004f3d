package report

import "github.com/oneinode/oneinode/dedupe/decide"

// isPinned reports whether the inode would be linked, and would be free but for
// names that the scan did not meet.
func (i *Inode) isPinned() bool {
	return i.Action == ActionLink && i.Reason == decide.HoldOutside
}

// Frees is what becomes free when an inode of the set is dealt with as planned, in bytes:
// not what others use too, nor anything while a name remains, which its reason tells. A
// file that is to share blocks may have other names.
func (s *Set) Frees(in *Inode) int64 {
	remains := in.Outside() > 0 && s.Link != decide.LinkReflink.String()
	if in.Action != ActionLink || in.Reason != "" || remains {
		return 0
	}
	return max(0, in.Allocated-in.SharedBytes)
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
