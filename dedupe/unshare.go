package dedupe

import "context"

// unshare gives an inode that a run has reflinked blocks of its own again.
func (t *taker) unshare(ctx context.Context, p *past, n *pastName) (bytes int64, r *refusal) {
	return 0, skip(ReasonOwnCopy)
}
