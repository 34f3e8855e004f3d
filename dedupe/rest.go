package dedupe

import (
	"context"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
)

// DefaultRest is how old a file should be when it is linked. A program that saves a file
// writes a new one, closes it and renames it over the old one: within a millisecond, mostly.
// If its new file were linked to an equal old one in between, rename(2) would do nothing
// (rename(2): both names are links to the same file), and both names would stay.
const DefaultRest = time.Second

// rest waits until all inodes of the job are as old as they should be. Nothing is open
// meanwhile; what has happened to the names shows when they are opened.
func (a *applier) rest(ctx context.Context, j *job) {
	if wait := j.unrested(a.opts.Rest, time.Now()); wait > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// unrested is how long the youngest inode still has to rest, at most for age. A reflink
// joins no names. A change in the future is one by another clock.
func (j *job) unrested(age time.Duration, now time.Time) (wait time.Duration) {
	if j.link == decide.LinkReflink {
		return 0
	}
	for _, t := range j.inodes() {
		if since := now.Sub(time.Unix(0, t.Ctime)); since >= 0 {
			wait = max(wait, age-since)
		}
	}
	return wait
}
