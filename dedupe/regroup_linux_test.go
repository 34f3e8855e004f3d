package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// TestBusyKeepers: of many equal files the first ones are opened for writing once
// they have been read. The others find a keeper, and the journal is not told
// of all of them again for each that cannot keep; but of each new keeper, so that an undo finds it.
func TestBusyKeepers(t *testing.T) {
	const all, busy = 40, 30
	dir, state := t.TempDir(), t.TempDir()
	for i := range all {
		put(t, dir, fmt.Sprintf("%02d", i), "same", int64(100+i)) // the oldest is preferred
	}
	res := find(t, dir, scan.Root{})
	plan := planOf(res, decide.Policy{}, nil)
	for i := range busy {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%02d", i)), os.O_RDWR, 0)
		check(t, err)
		defer f.Close()
		if kernel.TakeLease(int(f.Fd())) == kernel.LeaseMissing {
			t.Skip("no leases here")
		}
	}
	w := begun(t, state)
	totals, err := Apply(t.Context(), plan, ApplyOptions{Journal: w, Run: "0123abcd"})
	check(t, err)
	check(t, w.Close())
	// The first keeper is no name of the plan; the last one is, and stays.
	if totals.Linked != all-busy-1 || totals.Linked+totals.Skipped+totals.Failed != all-1 {
		t.Errorf("%+v", totals)
	}
	j, err := journal.Find(state, testRun)
	check(t, err)
	records := 0
	for r, err := range j.Records() {
		check(t, err)
		if r.Set != nil || r.Replace != nil {
			records++
		}
	}
	if records > 3*all {
		t.Errorf("%d records for %d names", records, all-1)
	}
	u, err := NewUndo(j)
	check(t, err)
	if sum, err := u.Run(t.Context(), UndoOptions{}); err != nil || sum.Restored != totals.Linked {
		t.Errorf("of %d links %d were taken back: %+v, %v", totals.Linked, sum.Restored, sum, err)
	}
	announced := int64(0)
	for r, err := range j.Records() {
		if check(t, err); r.Undo != nil && r.Undo.Temporary != "" {
			announced++
		}
	}
	if announced != totals.Linked {
		t.Errorf("the journal was told of %d names before", announced)
	}
}

// TestRemaining: a name that has been replaced is none of the old inode's any more.
func TestRemaining(t *testing.T) {
	v := &jobInode{InodePlan: &decide.InodePlan{Action: decide.ActLink, Names: []scan.Name{1, 2, 3}, Replace: []scan.Name{2, 1, 3}}, intents: make([]intent, 2)}
	v.Links = 5
	if ip := v.remaining(); ip.Links != 4 || !slices.Equal(ip.Names, []scan.Name{1, 3}) || ip.Action != decide.ActKeep {
		t.Errorf("%+v", ip)
	}
	if !slices.Equal(v.Names, []scan.Name{1, 2, 3}) {
		t.Errorf("the plan itself has changed: %v", v.Names)
	}
}

// TestRegroupRenewed: what is opened anew for each name, as on network filesystems, is so
// too once its names go to another keeper: our own replace has moved its ctime.
func TestRegroupRenewed(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "0kept", "same", 100)
	put(t, dir, "1copy", "same", 300, "1copy2", "1copy3")
	put(t, dir, "2next", "same", 200)
	var told []string
	a, jobs := announced(t, dir, ApplyOptions{OnOutcome: func(o Outcome) {
		told = append(told, o.Reason)
		check(t, os.Chmod(filepath.Join(dir, "0kept"), 0o600))
	}})
	a.res.Tree.Filesystems()[0].Remote = true
	a.plain.Store(scan.Domain(0), true)
	// The one with three names first: they come by their inode numbers, which may be of any order.
	slices.SortFunc(jobs[0].victims, func(a, b *jobInode) int { return len(b.intents) - len(a.intents) })
	a.do(t.Context(), jobs[0])
	if links := statOf(t, dir, "2next").Links; links != 3 {
		t.Errorf("%d links, told %q", links, told)
	}
}
