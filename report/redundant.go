package report

import (
	"math"

	"github.com/oneinode/oneinode/dedupe/decide"
)

// redundant is what a set stores more than once, by the rule of dedupe's plan: the
// smallest file of the set is stored once in any case. So it is never less than what can
// be reclaimed.
func redundant(s *Set) int64 {
	var sum int64
	for _, n := range redundancies(s) {
		sum += n
	}
	return sum
}

// redundancies tells of each inode which part of that lies in it: all that it takes, but
// of the one that stays only what it takes more than the smallest. Those that share
// the keeper's blocks already take nothing.
func redundancies(s *Set) []int64 {
	takes := make([]int64, len(s.Inodes))
	stays, least := -1, int64(math.MaxInt64)
	for i := range s.Inodes {
		in := &s.Inodes[i]
		if in.Reason == decide.HoldShared {
			continue
		}
		takes[i] = decide.Stored(s.Size, in.Allocated)
		least = min(least, takes[i])
		if stays < 0 || in.Action == ActionKeep && s.Inodes[stays].Action != ActionKeep {
			stays = i
		}
	}
	if stays >= 0 {
		takes[stays] -= least
	}
	return takes
}
