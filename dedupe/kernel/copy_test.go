package kernel

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/dedupe/sample"
	"github.com/oneinode/oneinode/scan"
)

var check = sample.Check

// TestWriteSparse: what is zero takes no room in a copy, and what is not comes to its place.
func TestWriteSparse(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	check(t, err)
	defer f.Close()
	const size = 1 << 20
	want := make([]byte, size)
	copy(want[300<<10:], "some")
	copy(want[size-5:], "ends") // and with a zero
	check(t, f.Truncate(size))
	for at := 0; at < size; at += 250 << 10 {
		check(t, writeSparse(int(f.Fd()), want[at:min(at+250<<10, size)], int64(at)))
	}
	got, err := os.ReadFile(f.Name())
	check(t, err)
	now, err := scan.FStatNow(int(f.Fd()))
	if check(t, err); !bytes.Equal(got, want) || now.Allocated > 64<<10 {
		t.Errorf("equal %v, %d bytes allocated", bytes.Equal(got, want), now.Allocated)
	}
}
