package extents

import (
	"errors"
	"os"
	"testing"
)

// TestRead reads the places of a file in pieces: more than one batch of them.
func TestRead(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/pieces")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const pieces, step, block = 3 * batch, 64 << 10, 4 << 10
	for i := range int64(pieces) {
		if _, err := f.WriteAt(make([]byte, block), i*step); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Read(int(f.Fd()), Flushed, make([]Extent, 0, pieces))
	if errors.Is(err, ErrUnknown) {
		t.Skipf("%s: %v", f.Name(), err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != pieces {
		t.Skipf("the filesystem has put %d pieces into %d extents", pieces, len(list))
	}
	for i, e := range list {
		if e.Logical != int64(i)*step || e.Length < block || (e.Flags&Last != 0) != (i == pieces-1) {
			t.Fatalf("extent %d: %+v", i, e)
		}
	}
	if !Settled(list, (pieces-1)*step+block) {
		t.Errorf("not settled after a sync: %+v", list[0])
	}
	n := testing.AllocsPerRun(100, func() {
		if list, err = Read(int(f.Fd()), AsItLies, list[:0]); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0.5 { // the pool may be emptied by a collection
		t.Errorf("%.1f allocations a file", n)
	}
}

// TestReadOfNothing: what lies nowhere has no extents, what is no file cannot tell.
func TestReadOfNothing(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/empty")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if list, err := Read(int(f.Fd()), AsItLies, nil); len(list) != 0 || err != nil && !errors.Is(err, ErrUnknown) {
		t.Errorf("an empty file: %v, %v", list, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := Read(int(r.Fd()), AsItLies, nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("a pipe: %v", err)
	}
}
