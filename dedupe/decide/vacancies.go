package decide

import (
	"cmp"
	"math"
	"slices"
)

// vacancies are keepers that may get more links, least room first, and then in their
// order.
type vacancies []vacancy

// vacancy is by how many more links the keeper at a place may get.
type vacancy struct {
	room  int64
	place int
}

func (v vacancy) compare(o vacancy) int {
	return cmp.Or(cmp.Compare(v.room, o.room), cmp.Compare(v.place, o.place))
}

func (v *vacancies) add(place int, room int64) {
	if room <= 0 {
		return
	}
	fresh := vacancy{room, place}
	at, _ := slices.BinarySearchFunc(*v, fresh, vacancy.compare)
	*v = slices.Insert(*v, at, fresh)
}

// shrink gives away some room of the one there. Those behind it move only where the order
// asks for that: there may be 100,000, each of which is used up in turn.
func (v *vacancies) shrink(at int, by int64) {
	left := (*v)[at]
	left.room -= by
	switch {
	case at == 0 && left.room <= 0:
		*v = (*v)[1:]
	case left.room > 0 && (at == 0 || (*v)[at-1].compare(left) < 0):
		(*v)[at] = left
	default:
		*v = slices.Delete(*v, at, at+1)
		v.add(left.place, left.room)
	}
}

// after is where those with more room than the one there begin: what it cannot take,
// others with the same room cannot either. A low --max-links may leave thousands that
// have some room, but few kinds of them.
func (v vacancies) after(at int) int {
	next, _ := slices.BinarySearchFunc(v, vacancy{v[at].room, math.MaxInt}, vacancy.compare)
	return next
}
