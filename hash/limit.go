package hash

import "github.com/oneinode/oneinode/scan"

const (
	// spareDescriptors stay free for the rest of the program: standard files,
	// roots, journal, the runtime's poller.
	spareDescriptors = 64
	// readerDescriptors is what a reader of single files holds: a directory, a file,
	// and another while it goes from one directory to the next.
	readerDescriptors = 3
	// batchDescriptors is what a reader of batches holds: their files and a ring besides.
	batchDescriptors = readerDescriptors + batchFiles
	// maxReaders bounds Options.Workers; speed does not grow beyond it.
	maxReaders = 256
	// maxLockstep bounds the files that are open at the same time.
	maxLockstep = 512
)

// descriptors says how many may be open at the same time.
type descriptors struct {
	readers  int // readers at work
	batch    int // files that each of them opens to read them together, at least 1
	lockstep int // files in lockstep beside lockstepWorkers readers, at least 2
}

func availableDescriptors() descriptors { return shareDescriptors(scan.OpenLimit()) }

func shareDescriptors(limit int) descriptors {
	free := limit - spareDescriptors
	d := descriptors{
		readers:  max(1, min(free/batchDescriptors, maxReaders)),
		batch:    batchFiles,
		lockstep: max(2, min(free-lockstepWorkers*readerDescriptors, maxLockstep)),
	}
	if d.readers == 1 {
		d.batch = max(1, min(free-readerDescriptors, batchFiles))
	}
	return d
}

// forEach divides what may be open among several pools, which share the readers.
func (d descriptors) forEach(pools int) descriptors {
	if d.readers < pools {
		d.batch = max(1, d.batch*d.readers/pools)
	}
	d.lockstep = max(2, d.lockstep/pools)
	return d
}
