package dedupe

import (
	"errors"
	"testing"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
)

// TestSettlerUnflushed: of names that cannot be flushed the journal hears nothing, of others it does.
func TestSettlerUnflushed(t *testing.T) {
	if errors.Is(kernel.SyncFilesystem(-1), errors.ErrUnsupported) {
		t.Skip("no syncfs(2) here")
	}
	state := t.TempDir()
	w := begun(t, state)
	s := settler{journal: w, touched: map[uint64]int{1: -1}} // which is no descriptor
	for seq := range int64(2) {
		s.tell(journal.Record{Undone: &journal.Undone{Seq: seq}})
		s.settle()
	}
	check(t, w.Close())
	j, err := journal.Find(state, testRun)
	check(t, err)
	if j.Info.Undone != 1 || s.err == nil {
		t.Errorf("told of %d, %v; want the second one, and an error", j.Info.Undone, s.err)
	}
}
