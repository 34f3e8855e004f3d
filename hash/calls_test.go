package hash

import (
	"context"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// BenchmarkCalls tells how much of a scan is left when nothing is hashed, compared or
// decided: the walk, and of every small candidate the system calls alone, in the
// order and by as many readers as Find. What users wait for cannot become less
// than that without another check or another kernel. ONEINODE_TREE is the tree.
func BenchmarkCalls(b *testing.B) {
	root := os.Getenv("ONEINODE_TREE")
	if root == "" {
		root = planted(b, benchSmall())
	}
	var walk, calls, find time.Duration
	for b.Loop() {
		start := time.Now()
		tree := scanned(b, root)
		walk += time.Since(start)
		calls += timed(func() { callsAlone(b, tree) })
		find += timed(func() { Find(b.Context(), tree, Options{Idle: true}) })
		tree.Close()
	}
	n := float64(b.N)
	b.ReportMetric(walk.Seconds()/n, "walk-s")
	b.ReportMetric(calls.Seconds()/n, "calls-s")
	b.ReportMetric(find.Seconds()/n, "find-s")
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// callsAlone opens every candidate, reads its first stage, looks at it as the first stage
// does, and closes it.
func callsAlone(b *testing.B, tree *scan.Tree) {
	s := newSearch(tree, Options{Idle: true}, false)
	recs := newRecords(tree, s.groups)
	s.eachBatch(context.Background(), batchWorkers, len(recs.members), batchFiles, func(r *reader, lo, hi int) {
		for i := lo; i < hi; i++ {
			n := recs.members[i].Name
			fd, ok := r.openFile(n)
			if !ok {
				b.Errorf("%s cannot be opened", tree.Path(n))
				return
			}
			readFull(fd, r.room()[:firstSize(tree.Size(n))], 0)
			scan.FStat(fd)
			unix.Flistxattr(fd, nil)
			unix.Close(fd)
		}
	})
}
