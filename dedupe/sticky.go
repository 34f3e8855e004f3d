package dedupe

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

const sticky = 0o1000 // S_ISVTX

// stickyKeeps refuses files of others in a sticky directory of somebody else (/tmp):
// there we might make a temporary name of theirs, but neither exchange nor remove it, so
// that each run would leave one more. A nil file is a symbolic link yet to be made, which
// will be ours.
func stickyKeeps(dir *scan.Stat, files ...*handle) *refusal {
	if dir.Mode&sticky == 0 {
		return nil
	}
	for _, h := range files {
		if h != nil && !us().mayRemove(dir, &h.stat) {
			return &refusal{Failed, decide.ReasonTheirs, syscall.EACCES}
		}
	}
	return nil
}

// fixedKeeps refuses a file that, or whose directory, is immutable or append-only: the kernel
// does not let go of its name. An append-only directory would take a temporary name, and keep it.
func fixedKeeps(dir *scan.Stat, old *handle) *refusal {
	if dir.IsFixed() || old.stat.IsFixed() {
		return &refusal{Skipped, ReasonImmutable, syscall.EPERM}
	}
	return nil
}

// ReasonSquashed: a missing right that root has everywhere else.
const ReasonSquashed = "somebody else's file, on a server that takes root for nobody (root_squash?)"

// serverKeeps refuses files of others on a server that does not take us for root (NFS,
// root_squash), whatever this kernel thinks: a directory that everybody may write to would let
// us make links there, but no undo could give a copy its owner, and in a sticky directory not even
// the temporary name would go again.
func serverKeeps(dir *scan.Stat, files ...*handle) *refusal {
	for _, h := range files {
		if h != nil && us().actsForAnother(&h.stat) && isSquashed(dir, &h.stat, kernel.AccessToWrite(h.fd)) {
			return &refusal{Failed, ReasonSquashed, syscall.EACCES}
		}
	}
	return nil
}

// isSquashed goes by what access(2) says of writing to a file of somebody else: it asks the
// server, which lets root write to any file. Where everybody may write that tells nothing, and a
// sticky directory is left alone.
func isSquashed(dir, file *scan.Stat, access error) bool {
	const everybodyWrites = 0o002
	return errors.Is(access, syscall.EACCES) || dir.Mode&sticky != 0 && file.Mode&everybodyWrites != 0
}

// identity is what the kernel goes by where a file may be somebody else's.
type identity struct {
	uid, gid uint32
	gives    bool // may give anything of ours to any owner and group it knows
	fowner   bool // may act as the owner of any file whose owner and group it knows
	leases   bool // may lease anybody's files
	shares   bool // may change where anybody's files lie
	unmapped decide.Unmapped
}

// us: to lease or share anybody's files takes a capability in the first user namespace.
var us = sync.OnceValue(func() identity {
	unmapped := UnmappedIDs()
	first := unmapped == decide.Unmapped{}
	return identity{
		uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()), gives: kernel.GivesAll(), fowner: kernel.ActsAsOwner(),
		leases: first && kernel.LeasesAll(), shares: first && kernel.SharesAll(), unmapped: unmapped,
	}
})

// actsForAnother reports whether we have rights to a file by being root alone.
func (i identity) actsForAnother(file *scan.Stat) bool { return i.fowner && file.UID != i.uid }

// mayRemove follows check_sticky and capable_wrt_inode_uidgid of the kernel.
func (i identity) mayRemove(dir, file *scan.Stat) bool {
	return dir.UID == i.uid || i.owns(file.UID, file.GID)
}

// owns follows inode_owner_or_capable of the kernel.
func (i identity) owns(uid, gid uint32) bool {
	return uid == i.uid || i.fowner && i.unmapped.Knows(uid, gid)
}
