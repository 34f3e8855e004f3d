package dedupe

import (
	"slices"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Links reports whether the policy would link any two inodes of a set in a way
// for which their content must have been read before. For a reflink the kernel
// reads and compares it itself.
func (p Policy) Links(res *hash.Result, set *hash.Set) bool {
	sp := decide(res, set, p, nil)
	return sp.Link != LinkReflink && slices.ContainsFunc(sp.Inodes, func(ip InodePlan) bool { return ip.Action == ActLink })
}

// KeeperChange tells that an inode which others were linked to got a new ctime by
// that, while a lease kept writers away: its content is what was read.
type KeeperChange struct {
	Name  scan.Name
	Was   scan.Facts // as it was read
	Ctime int64      // ns, after its last new link
}

// tellKeeper reports the keeper of a job whose victims are done.
func (a *applier) tellKeeper(j *job) {
	k := j.keeper
	if a.opts.OnKeeper == nil || k.held == nil || !k.held.leased {
		return
	}
	now, err := scan.FStatNow(k.held.fd)
	if err == nil && !k.held.knocked() && now.Size == j.set.Size && now.Mtime == k.Mtime && now.Ctime != k.Ctime {
		a.opts.OnKeeper(KeeperChange{k.Name, k.Facts, now.Ctime})
	}
}
