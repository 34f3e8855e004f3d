package journal

import "testing"

// TestPartlyShared: a file of which some blocks were shared before it was let go is to be taken back.
func TestPartlyShared(t *testing.T) {
	i := Info{Begin: Begin{Kind: KindDedupe}, End: &End{}}
	i.count(&Record{Done: &Done{Seq: 1, Reason: "open for writing", Freed: 16 << 20}})
	i.count(&Record{Done: &Done{Seq: 2, Reason: "open for writing"}})
	if !i.Stands() || i.Replaced() != 1 || i.Freed != 16<<20 || i.Linked != 0 {
		t.Errorf("%+v", i)
	}
}

// TestTakenBack: a run counts as undone once all that it linked is, not before.
func TestTakenBack(t *testing.T) {
	end := func(linked int64) *End { return &End{Complete: true, Linked: linked} }
	for name, c := range map[string]struct {
		info Info
		want bool
	}{
		"not at all":            {Info{End: end(3), Linked: 3}, false},
		"partly":                {Info{End: end(3), Linked: 3, Undone: 2}, false},
		"partly, one replaced":  {Info{End: end(3), Linked: 3, Undone: 2, Apart: 1}, true},
		"all replaced":          {Info{End: end(3), Linked: 3, Left: 3, Apart: 3}, true},
		"partly, one failed":    {Info{End: end(3), Linked: 3, Undone: 2, Left: 1}, false},
		"wholly":                {Info{End: end(3), Linked: 3, Undone: 3}, true},
		"with a stuck one":      {Info{End: end(2), Linked: 2, Stuck: 1, Undone: 2, Apart: 1}, true},
		"the stuck one is left": {Info{End: end(2), Linked: 2, Stuck: 1, Undone: 2}, false},
		"nothing was linked":    {Info{End: end(0)}, false},
		"killed, partly":        {Info{Intended: 3, Refused: 1, Undone: 1}, false},
		"killed, wholly":        {Info{Intended: 3, Refused: 1, Undone: 1, Apart: 1}, true},
		"killed, damaged":       {Info{Intended: 3, Undone: 3, Damage: Damage{Lines: 1}}, false},
		"ended, lines lost":     {Info{End: end(3), Linked: 2, Undone: 2, Damage: Damage{Lines: 1}}, false},
	} {
		if got := c.info.TakenBack(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
