package decide

import (
	"iter"
	"runtime"
	"sync"
)

// A part of the plan is decided at a time, by one goroutine: so many sets, or fewer
// where they are large, since a few parts are kept until they are asked for.
const (
	partSets    = 256
	partMembers = 4096
)

// Sets yields the sets, biggest reclaimable first, then biggest redundant, then path order.
// Each SetPlan is made when it is asked for and belongs to the caller.
func (p *Plan) Sets() iter.Seq[SetPlan] {
	return inOrder(p, func(i int, _ *room) SetPlan { return p.set(i, new(room)) })
}

// MapSets yields what f makes of the sets, in the order of Sets. f is called from
// several goroutines, some sets ahead; they have ended when the loop has. It must not keep anything of a SetPlan.
func MapSets[T any](p *Plan, f func(*SetPlan) T) iter.Seq[T] {
	return inOrder(p, func(i int, r *room) T {
		sp := p.set(i, r)
		return f(&sp)
	})
}

// inOrder yields what f makes of the numbers of the sets, as MapSets.
func inOrder[T any](p *Plan, f func(i int, r *room) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		stop := make(chan struct{})
		parts := make(chan chan []T, runtime.NumCPU())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer close(stop)
		wg.Go(func() {
			defer close(parts)
			for order := range p.parts() {
				part := make(chan []T, 1)
				select {
				case parts <- part:
				case <-stop:
					return
				}
				wg.Go(func() { part <- mapPart(order, f) })
			}
		})
		for part := range parts {
			for _, made := range <-part {
				if !yield(made) {
					return
				}
			}
		}
	}
}

// parts divides the order of the sets.
func (p *Plan) parts() iter.Seq[[]int32] {
	return func(yield func([]int32) bool) {
		for rest := p.order; len(rest) > 0; {
			n, members := 0, 0
			for n < min(len(rest), partSets) && members < partMembers {
				members += len(p.result.Sets[rest[n]].Members)
				n++
			}
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

func mapPart[T any](order []int32, f func(i int, r *room) T) []T {
	var r room
	list := make([]T, len(order))
	for k, i := range order {
		list[k] = f(int(i), &r)
	}
	return list
}
