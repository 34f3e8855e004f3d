package dedupe

import (
	"os"
	"sync"
	"syscall"

	"github.com/oneinode/oneinode/scan"
)

// ReasonTheirs: a missing right, with the hint of one.
const ReasonTheirs = "somebody else's file, in a sticky directory of somebody else"

// stickyKeeps refuses files of others in a sticky directory of somebody else (/tmp):
// there we might make a temporary name of theirs, but neither exchange nor remove it, so
// that each run would leave one more. A nil file is a symbolic link yet to be made, which
// will be ours.
func stickyKeeps(dir *scan.Stat, files ...*handle) *refusal {
	const sticky = 0o1000 // S_ISVTX
	if dir.Mode&sticky == 0 {
		return nil
	}
	for _, h := range files {
		if h != nil && !us().mayRemove(dir, &h.stat) {
			return &refusal{Failed, ReasonTheirs, syscall.EACCES}
		}
	}
	return nil
}

// identity is what the kernel goes by in a sticky directory.
type identity struct {
	uid      uint32
	fowner   bool // may act as the owner of any file whose owner and group it knows
	unmapped Unmapped
}

var us = sync.OnceValue(func() identity { return identity{uint32(os.Geteuid()), actsAsOwner(), UnmappedIDs()} })

// mayRemove follows check_sticky and capable_wrt_inode_uidgid of the kernel.
func (i identity) mayRemove(dir, file *scan.Stat) bool {
	isKnown := known(file.UID, i.unmapped.UID, 0) >= 0 && known(file.GID, i.unmapped.GID, 0) >= 0
	return file.UID == i.uid || dir.UID == i.uid || i.fowner && isKnown
}
