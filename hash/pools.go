package hash

import (
	"cmp"

	"github.com/oneinode/oneinode/scan"
)

const (
	// spinningReaders is how many read small files of a spinning disk at the same
	// time: two, so that it knows where to go next. More would only have its head
	// go to and fro.
	spinningReaders = 2
	// spinningPacers is how many compare large files of one.
	spinningPacers = 1
	// spinningChunk is how much of a large file is read between two seeks. A seek
	// takes some 10 ms and 4 MiB some 25: most of the time goes into reading.
	spinningChunk = 4 << 20
	// maxPools bounds what many disks take of memory and descriptors; those beyond
	// it share the last one.
	maxPools = 8
)

// pool is the work on one disk. Each disk has readers of its own, so that a slow
// one holds up nobody but itself.
type pool struct {
	spins   bool
	readers int // of the first stage, and of crowds
	pacers  int // of the lockstep
	chunk   int // bytes of a large file that are read at a time
}

// newPools returns the pools and the number of the pool of each domain. Their
// readers together are no more than limit. rings: each reads many files at once.
func newPools(filesystems []scan.Filesystem, opts *Options, rings bool, limit int, diskOf func(*scan.Filesystem) disk) (pools []pool, of []int) {
	of = make([]int, len(filesystems))
	byName := map[string]int{}
	for i := range filesystems {
		d := diskOf(&filesystems[i])
		n, known := byName[d.name]
		if !known {
			n = min(len(pools), maxPools-1)
			byName[d.name] = n
		}
		if n == len(pools) {
			pools = append(pools, newPool(opts, rings, d.spins))
		}
		of[i] = n
	}
	if len(pools) == 0 {
		pools = append(pools, newPool(opts, rings, false))
	}
	if opts.Workers > 0 {
		limit = min(limit, opts.Workers)
	}
	shareReaders(pools, limit)
	return pools, of
}

// shareReaders gives each pool its share of so many.
func shareReaders(pools []pool, limit int) {
	share := max(1, limit/len(pools))
	for i := range pools {
		pools[i].readers = min(pools[i].readers, share)
		pools[i].pacers = min(pools[i].pacers, share)
	}
}

// newPool decides about one disk. Options.Workers is for all disks, and who asks
// for it gets it, also where the disk spins.
func newPool(opts *Options, rings, spins bool) pool {
	spins = spins && opts.Device == DeviceAuto || opts.Device == DeviceHDD
	wish := max(opts.Workers, 0)
	if spins {
		return pool{true, cmp.Or(wish, spinningReaders), cmp.Or(min(wish, lockstepWorkers), spinningPacers), spinningChunk}
	}
	readers := cmp.Or(wish, DefaultWorkers)
	if rings {
		readers = cmp.Or(wish, batchWorkers)
	}
	return pool{false, readers, min(readers, lockstepWorkers), chunkSize}
}

// poolOf returns the pool that a file belongs to.
func (s *search) poolOf(n scan.Name) *pool { return &s.pools[s.domainPools[s.tree.Domain(n)]] }

// sweep is what one pool has to do of a part of the candidates.
type sweep struct {
	*pool
	part  span
	order []int32 // indices of records; nil: the part as it is
}

func (w *sweep) len() int {
	if w.order != nil {
		return len(w.order)
	}
	return w.part.len()
}

func (w *sweep) at(i int) int {
	if w.order != nil {
		return int(w.order[i])
	}
	return w.part.lo + i
}

// sweeps divides a part of the candidates by pool.
func (s *search) sweeps(recs *records, part span) []*sweep {
	if len(s.pools) == 1 && !s.pools[0].spins {
		return []*sweep{{pool: &s.pools[0], part: part}}
	}
	byPool := make([][]int32, len(s.pools))
	for i := part.lo; i < part.hi; i++ {
		p := s.domainPools[s.tree.Domain(recs.members[i].Name)]
		byPool[p] = append(byPool[p], int32(i))
	}
	var list []*sweep
	for p, order := range byPool {
		if len(order) > 0 {
			list = append(list, &sweep{pool: &s.pools[p], order: order})
		}
	}
	return list
}
