package dedupe

import (
	"context"
	"errors"
	"syscall"

	"github.com/oneinode/oneinode/scan"
)

// cleanSymbol deals with a leftover of a run that made symbolic links, where
// either of the two names is one. done is false where both are files: then they
// are compared as those of any run.
func cleanSymbol(ctx context.Context, dir int, tmp string, o *origin) (done bool, reason string, err error) {
	if link, r := openSymbol(dir, tmp, o.target); r == nil {
		defer link.close()
		reason, err = removeSymbol(dir, tmp, link) // nothing but the link goes
		return true, reason, err
	}
	link, r := openSymbol(dir, o.base, o.target)
	if r != nil {
		return false, "", nil
	}
	defer link.close()
	old, r := openNow(dir, tmp)
	if r != nil {
		return true, r.reason, r.err
	}
	defer old.close()
	reason, err = settleSymbol(ctx, dir, tmp, o, old, link)
	return true, reason, err
}

// settleSymbol removes a file that the link beside it leads to the like of. If
// a writer has changed it meanwhile, or if the link leads nowhere any more, the
// name goes back to it. If others have written to the keeper, nobody but the user
// knows which of the two files the name is for.
func settleSymbol(ctx context.Context, dir int, tmp string, o *origin, old, link *handle) (string, error) {
	file, r := openTarget(dir, o.target)
	switch {
	case r != nil && r.reason == ReasonBusy:
		return r.reason, nil
	case r == nil:
		defer file.close()
		if file.stat.ID != old.stat.ID && sameContent(ctx, old, file) {
			return removeLeftover(dir, tmp)
		}
		if !file.holds(ctx, o.digest) {
			return ReasonKept, nil
		}
	}
	if old.stat.Ino != o.old {
		return ReasonKept, nil
	}
	return giveBack(dir, tmp, o.base, link)
}

// removeSymbol removes a name while it leads to the link. What somebody has put there stays.
func removeSymbol(dir int, base string, link *handle) (string, error) {
	now, err := scan.StatAtNow(dir, base)
	switch {
	case errors.Is(err, syscall.ENOENT):
		return "", nil
	case err != nil:
		return ReasonSystem, err
	case now.ID != link.stat.ID:
		return ReasonChanged, nil
	}
	return removeLeftover(dir, base)
}
