package hash

import (
	"os"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestVerityKnown: the plan learns which files fs-verity protects.
func TestVerityKnown(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := reader{search: &search{}}
	for _, want := range []bool{true, false} {
		i := r.attrsOf(int(f.Fd()), 0, &scan.Stat{Verity: want})
		if got := r.table.list[i].Verity; got != want {
			t.Errorf("verity %v: got %v", want, got)
		}
	}
}
