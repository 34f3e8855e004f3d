package dedupe

// priceList finds what each rule of the policy holds back, by deciding the sets
// whose members differ once more without it.
type priceList struct {
	without []Policy
	found   []Held
}

// newPriceList prepares a line for each rule that the policy asks for.
func newPriceList(policy Policy) *priceList {
	l := &priceList{}
	for _, r := range rules {
		if (policy.Match|policy.MatchReflink)&r.bit == 0 {
			continue
		}
		given := policy
		given.Match &^= r.bit
		given.MatchReflink &^= r.bit
		l.without = append(l.without, given)
		l.found = append(l.found, Held{Rule: r.name})
	}
	return l
}

// add counts a set, which the policy decided as sp.
func (l *priceList) add(p *Plan, sp *SetPlan) {
	if !sp.holdsBack() {
		return
	}
	for k, policy := range l.without {
		other := decide(p.result, sp.Set, policy, p.layout)
		if gain := other.Reclaimable - sp.Reclaimable; gain > 0 {
			l.found[k].Bytes += gain
			l.found[k].Sets++
		}
	}
}

// merge adds what others have counted.
func (l *priceList) merge(o *priceList) {
	for k := range l.found {
		l.found[k].Bytes += o.found[k].Bytes
		l.found[k].Sets += o.found[k].Sets
	}
}

// holdsBack reports whether more than one inode of the set stays.
func (sp *SetPlan) holdsBack() bool {
	stay := 0
	for i := range sp.Inodes {
		if sp.Inodes[i].Action != ActLink {
			stay++
		}
	}
	return stay > 1
}

// held returns the lines that hold something back.
func (l *priceList) held() []Held {
	var out []Held
	for _, h := range l.found {
		if h.Bytes > 0 {
			out = append(out, h)
		}
	}
	return out
}
