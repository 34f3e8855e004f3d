package decide

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
)

// priceList finds what the rules of the policy hold back, each for itself, and several
// together where files differ in more than one: by deciding the sets whose members
// differ once more without them.
type priceList struct {
	policy Policy
	found  map[Match]Held
}

func newPriceList(policy Policy) *priceList {
	return &priceList{policy: policy, found: map[Match]Held{}}
}

// add counts a set, which the policy decided as sp.
func (l *priceList) add(p *Plan, sp *SetPlan) {
	if !sp.parted {
		return
	}
	gains := map[Match]int64{}
	for _, m := range l.prices(sp) {
		gain := l.gain(p, sp, m)
		for part, g := range gains {
			if part&^m == 0 {
				gain -= g // a part of the rules frees that much
			}
		}
		if gain > 0 {
			gains[m] = gain
			l.count(m, Held{Bytes: gain, Sets: 1})
		}
	}
}

// prices lists what may hold a set back: each rule that the policy asks for, then
// those that its inodes differ in together, the fewest first.
func (l *priceList) prices(sp *SetPlan) []Match {
	var list []Match
	for _, r := range rules {
		if (l.policy.Match|l.policy.MatchReflink)&r.bit != 0 {
			list = append(list, r.bit)
		}
	}
	return append(list, slices.SortedFunc(slices.Values(sp.apart), byRules)...)
}

func byRules(a, b Match) int {
	return cmp.Or(cmp.Compare(a.count(), b.count()), cmp.Compare(a, b))
}

// count is of how many rules a Match is made.
func (m Match) count() int { return bits.OnesCount8(uint8(m)) }

// gain is what becomes free besides without some rules, in bytes.
func (l *priceList) gain(p *Plan, sp *SetPlan, without Match) int64 {
	policy := l.policy
	policy.Match &^= without
	policy.MatchReflink &^= without
	other := decide(p.result, sp.Set, policy, p.layout, new(room))
	return other.Reclaimable - sp.Reclaimable
}

func (l *priceList) count(m Match, more Held) {
	h := l.found[m]
	l.found[m] = Held{m.String(), h.Bytes + more.Bytes, h.Sets + more.Sets}
}

// merge adds what others have counted.
func (l *priceList) merge(o *priceList) {
	for m, h := range o.found {
		l.count(m, h)
	}
}

// held returns what is held back, by single rules first.
func (l *priceList) held() []Held {
	var out []Held
	for _, m := range slices.SortedFunc(maps.Keys(l.found), byRules) {
		out = append(out, l.found[m])
	}
	return out
}
