package decide

import (
	"bytes"
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// surveyBatch is how many sets a goroutine decides at a time.
const surveyBatch = 512

// worth is what a set is put in order by, in bytes.
type worth struct {
	frees, redundant, size int64
	settled                bool // no part of the plan
}

func worthOf(sp *SetPlan) worth { return worth{sp.Reclaimable, redundant(sp), sp.Set.Size, false} }

// compare puts first what frees most, then what is stored twice most.
func (w *worth) compare(o *worth) int {
	return cmp.Or(cmp.Compare(o.frees, w.frees), cmp.Compare(o.redundant, w.redundant), cmp.Compare(o.size, w.size))
}

// survey decides every set once, on all processors, for the sums and for what
// each is worth. It ends early with ctx.
func (p *Plan) survey(ctx context.Context) []worth {
	list := make([]worth, len(p.result.Sets))
	total := newPriceList(p.policy)
	var next atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range min(runtime.NumCPU(), 1+len(list)/surveyBatch) {
		wg.Go(func() {
			part := surveyor{plan: p, price: newPriceList(p.policy)}
			for lo := 0; lo < len(list) && ctx.Err() == nil; {
				lo = int(next.Add(surveyBatch)) - surveyBatch
				part.look(list, lo, min(lo+surveyBatch, len(list)))
			}
			mu.Lock()
			defer mu.Unlock()
			p.totals.merge(&part.totals)
			total.merge(part.price)
		})
	}
	wg.Wait()
	p.totals.Held = total.held()
	return list
}

// surveyor sums up some of the sets.
type surveyor struct {
	plan   *Plan
	totals PlanTotals
	price  *priceList
	room   room
}

// look decides the sets of a range, which may be empty.
func (s *surveyor) look(list []worth, from, to int) {
	for i := from; i < to; i++ {
		sp := s.plan.set(i, &s.room)
		if sp.settled() {
			list[i].settled = true
			continue
		}
		list[i] = worthOf(&sp)
		s.totals.add(&sp)
		s.price.add(s.plan, &sp)
	}
}

// sort orders the sets by worth, and those of equal worth by path.
func (p *Plan) sort(list []worth) {
	for i := range list {
		if !list[i].settled {
			p.order = append(p.order, int32(i))
		}
	}
	slices.SortFunc(p.order, func(a, b int32) int { return list[a].compare(&list[b]) })
	for lo := 0; lo < len(p.order); {
		hi := lo + 1
		for hi < len(p.order) && list[p.order[lo]] == list[p.order[hi]] {
			hi++
		}
		p.sortByPath(p.order[lo:hi])
		lo = hi
	}
}

// sortByPath orders sets by the path of their first member. A path is put
// together once, not in every comparison: many small files are worth the same.
func (p *Plan) sortByPath(sets []int32) {
	if len(sets) < 2 {
		return
	}
	type place struct {
		set    int32
		lo, hi int
	}
	tree := p.result.Tree
	first := len(tree.Path(p.result.Sets[sets[0]].Members[0].Name))
	places, paths := make([]place, len(sets)), make([]byte, 0, len(sets)*(first+8)) // most are as long as their neighbours
	for i, set := range sets {
		lo := len(paths)
		paths = tree.AppendPath(paths, p.result.Sets[set].Members[0].Name)
		places[i] = place{set, lo, len(paths)}
	}
	slices.SortFunc(places, func(a, b place) int { return bytes.Compare(paths[a.lo:a.hi], paths[b.lo:b.hi]) })
	for i := range places {
		sets[i] = places[i].set
	}
}

// merge adds what others have counted, but for Held.
func (t *PlanTotals) merge(o *PlanTotals) {
	t.Sets += o.Sets
	t.DuplicateInodes += o.DuplicateInodes
	t.Redundant += o.Redundant
	t.Reclaimable += o.Reclaimable
	t.Replacements += o.Replacements
	t.PinnedInodes += o.PinnedInodes
	t.Pinned += o.Pinned
	t.Denied += o.Denied
	if t.Limited == nil {
		t.Limited = map[string]int64{}
	}
	for reason, n := range o.Limited {
		t.Limited[reason] += n
	}
}
