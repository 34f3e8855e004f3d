package live

import (
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

func TestLedger(t *testing.T) {
	var l Ledger
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			l.Skip(scan.Skip{Path: fmt.Sprint("young", i), Reason: scan.ReasonYoung})
			l.Skip(scan.Skip{Path: fmt.Sprint("bad", i), Reason: scan.ReasonUnreadable, Err: syscall.EACCES})
			l.Outcome(dedupe.Outcome{Name: scan.Name(i), Path: "p", Kind: dedupe.Kind(i % 3), Reason: "why", Freed: int64(1 - i%3)})
		})
	}
	wg.Wait()
	var s schema.Summary
	l.sum(&s)
	if s.Linked != 34 || s.FreedBytes != 34-33 || s.Skipped != 133 || s.Failed != 133 || l.Failed() != 133 {
		t.Errorf("sums %+v", s)
	}
	if s.SkippedReasons["why"] != 33 || s.FailedReasons["why"] != 33 || s.FailedReasons[scan.ReasonUnreadable] != 100 {
		t.Errorf("reasons %v, %v", s.SkippedReasons, s.FailedReasons)
	}
	if n := len(l.sorted()); n != 4*schema.ExamplesPerReason {
		t.Errorf("%d paths kept, want %d of each of 4 reasons", n, schema.ExamplesPerReason)
	}
	if l.reason(3) != "" || l.reason(4) != "why" {
		t.Error("the reason of a name is lost")
	}
}

func TestLedgerKeepsAll(t *testing.T) {
	l := Ledger{KeepAll: true}
	for i := range 100 {
		l.Skip(scan.Skip{Path: fmt.Sprintf("%02d", 99-i), Reason: scan.ReasonYoung})
	}
	list := l.sorted()
	if len(list) != 100 || list[0].Raw() != "00" || list[99].Raw() != "99" {
		t.Errorf("kept %v", list)
	}
}
