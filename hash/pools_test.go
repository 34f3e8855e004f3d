package hash

import (
	"fmt"
	"slices"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// on is a diskOf that goes by the source's name: those that begin with "slow" spin.
func on(fs *scan.Filesystem) disk {
	return disk{fs.Source, len(fs.Source) > 4 && fs.Source[:4] == "slow"}
}

func TestNewPools(t *testing.T) {
	fast := pool{false, DefaultWorkers, lockstepWorkers, chunkSize}
	slow := pool{true, spinningReaders, spinningPacers, spinningChunk}
	for _, c := range []struct {
		name    string
		sources []string
		opts    Options
		rings   bool
		limit   int
		pools   []pool
		of      []int
	}{
		{"nothing", nil, Options{}, false, 99, []pool{fast}, []int{}},
		{"one", []string{"fast"}, Options{}, false, 99, []pool{fast}, []int{0}},
		{"many files at once", []string{"fast", "slow 1"}, Options{}, true, 99, []pool{{false, batchWorkers, batchWorkers, chunkSize}, slow}, []int{0, 1}},
		{"two filesystems of one disk", []string{"fast", "fast"}, Options{}, false, 99, []pool{fast}, []int{0, 0}},
		{"two disks", []string{"fast", "slow 1", "fast"}, Options{}, false, 99, []pool{fast, slow}, []int{0, 1, 0}},
		{"few descriptors", []string{"fast", "slow 1"}, Options{}, false, 4, []pool{{false, 2, 2, chunkSize}, slow}, []int{0, 1}},
		{"told that it spins", []string{"fast"}, Options{Device: DeviceHDD}, false, 99, []pool{slow}, []int{0}},
		{"told that it does not", []string{"slow 1"}, Options{Device: DeviceSSD}, false, 99, []pool{fast}, []int{0}},
		{"workers as told", []string{"slow 1"}, Options{Workers: 12}, false, 99, []pool{{true, 12, lockstepWorkers, spinningChunk}}, []int{0}},
		{"workers shared", []string{"slow 1", "fast"}, Options{Workers: 6}, false, 99, []pool{{true, 3, 3, spinningChunk}, {false, 3, 3, chunkSize}}, []int{0, 1}},
	} {
		var filesystems []scan.Filesystem
		for _, source := range c.sources {
			filesystems = append(filesystems, scan.Filesystem{Source: source})
		}
		pools, of := newPools(filesystems, &c.opts, c.rings, c.limit, on)
		if !slices.Equal(pools, c.pools) || !slices.Equal(of, c.of) {
			t.Errorf("%s: %+v %v, want %+v %v", c.name, pools, of, c.pools, c.of)
		}
	}
}

func TestNewPoolsAreBounded(t *testing.T) {
	var filesystems []scan.Filesystem
	for i := range 100 {
		filesystems = append(filesystems, scan.Filesystem{Source: fmt.Sprint("disk ", i)})
	}
	pools, of := newPools(filesystems, &Options{}, false, 99, on)
	if len(pools) != maxPools || slices.Max(of) != maxPools-1 || of[3] != 3 {
		t.Errorf("%d pools, %v", len(pools), of)
	}
}

func TestParseDevice(t *testing.T) {
	for _, d := range []Device{DeviceAuto, DeviceSSD, DeviceHDD} {
		if got, err := ParseDevice(d.String()); got != d || err != nil {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
	if _, err := ParseDevice("tape"); err == nil {
		t.Error("no error")
	}
}

// TestSpinningKeepsTheAnswer runs every kind of file through the order of the
// disk, and through several pools at once.
func TestSpinningKeepsTheAnswer(t *testing.T) {
	size := firstChunk + spinningChunk + 1
	base := filled(1, size)
	list := files{"same-1": base, "same-2": base, "empty-1": nil, "empty-2": nil}
	for _, at := range []int{0, headSize, firstChunk - 1, firstChunk, firstChunk + chunkSize, firstChunk + spinningChunk - 1, size - 1} {
		list[fmt.Sprint("differs-at-", at)] = except(base, at)
	}
	for i, n := range []int{1, headSize, wholeSize - 1, wholeSize, wholeSize + 1, spinningChunk} {
		b := filled(uint64(i+2), n)
		list[fmt.Sprint("a/", n)], list[fmt.Sprint("b/", n)], list[fmt.Sprint("c/", n)] = b, b, except(b, n-1)
	}
	tree := scanned(t, planted(t, list))
	want, known := oracle(t, tree), sums{}
	for _, opts := range []Options{{}, {Device: DeviceHDD}, {Device: DeviceHDD, Digests: true, BestFirst: true}, {Device: DeviceHDD, Workers: 5}} {
		res := found(t, tree, opts)
		if got := pathsOf(res); got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", opts, got, want)
		}
		known.check(t, res, opts.Digests)
	}
}
