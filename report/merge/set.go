package merge

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// keyOf tells which set of the merged scan a set is a part of.
func (m *merger) keyOf(s *schema.Set) setKey {
	key := setKey{host: cmp.Or(s.Host, m.host), device: s.Device, size: s.Size, digest: s.Digest}
	if s.Digest == "" {
		key.number = len(m.sets)
	}
	return key
}

// set adds a set to the one that it is a part of.
func (m *merger) set(s *schema.Set) error {
	key := m.keyOf(s)
	s.Host = m.shown(s.Host)
	for i := range s.Inodes {
		m.absolute(&s.Inodes[i])
	}
	known := m.sets[key]
	if known == nil {
		m.sets[key] = s
		return nil
	}
	if known.Link != s.Link {
		return fmt.Errorf("%s and its equals %w", show.Quote(s.Inodes[0].Paths[0].Raw()), ErrMixed)
	}
	for i := range s.Inodes {
		in := &s.Inodes[i]
		if in.Action == schema.ActionLink && in.To == 0 {
			in.To = s.Keeper // which need not be that of the set it joins
		}
		if at := m.index.of(known, in); at >= 0 {
			join(known, in, at)
			m.recount[known] = true
			continue
		}
		known.Inodes = append(known.Inodes, *in)
	}
	known.ReclaimableBytes += s.ReclaimableBytes
	return nil
}

func (m *merger) absolute(in *schema.Inode) {
	for i := range in.Paths {
		in.Paths[i] = in.Paths[i].In(m.base)
	}
}

// inodeIndex finds an inode in sets that grow. What is searched for in small ones is looked
// up in large ones: one may have 500,000.
type inodeIndex map[*schema.Set]map[scan.ID]int

// indexed is from how many inodes on a set is worth it.
const indexed = 64

// of returns the place of an inode in a set, -1 if it is new.
func (x inodeIndex) of(s *schema.Set, in *schema.Inode) int {
	if len(s.Inodes) < indexed {
		return slices.IndexFunc(s.Inodes, func(o schema.Inode) bool { return s.ID(&o) == s.ID(in) })
	}
	places := x[s]
	if places == nil {
		places = map[scan.ID]int{}
		x[s] = places
	}
	for i := len(places); i < len(s.Inodes); i++ { // those that came since
		places[s.ID(&s.Inodes[i])] = i
	}
	if at, isKnown := places[s.ID(in)]; isKnown {
		return at
	}
	return -1
}

// join adds to an inode of the set what another scan saw of it. The later look at it is the
// one that holds, but what is to become of it stays.
func join(s *schema.Set, in *schema.Inode, at int) {
	known := &s.Inodes[at]
	later, earlier := *known, in
	if in.Ctime > known.Ctime {
		later, earlier = *in, known
	}
	later.Action, later.Reason, later.To, later.ToDevice = known.Action, known.Reason, known.To, known.ToDevice
	addNames(&later, earlier)
	*known = later
	pinOrFree(s, known)
}

// addNames adds the names that an earlier look met and the later one did not, up to the link
// count: the inode has no others any more, or they are other ways to what is there already. A
// name may be spelt differently.
func addNames(in, earlier *schema.Inode) {
	names := make(map[string]bool, len(in.Paths))
	isKnown := func(n schema.Path) bool { return names[path.Clean(n.Raw())] }
	for _, n := range in.Paths {
		names[path.Clean(n.Raw())] = true
	}
	for _, n := range earlier.Paths {
		if !isKnown(n) && in.Outside() > 0 {
			names[path.Clean(n.Raw())] = true
			in.Paths = append(in.Paths, n)
		}
	}
	in.OutsidePaths = slices.DeleteFunc(slices.Clone(in.OutsidePaths), isKnown)
}

// pinOrFree tells whether names that no scan met keep an inode from becoming free.
func pinOrFree(s *schema.Set, in *schema.Inode) {
	in.NamesOutside = in.Outside()
	switch {
	case in.NamesOutside == 0 && in.IsPinned():
		in.Reason = ""
	case in.NamesOutside > 0 && in.Action == schema.ActionLink && !s.IsReflink():
		in.Reason = cmp.Or(in.Reason, decide.HoldOutside)
	}
}

// protect holds what one scan would have linked and another one has under its reference, as
// dedupe --from does.
func (m *merger) protect(s *schema.Set) {
	for i := range s.Inodes {
		in := &s.Inodes[i]
		if in.Action == schema.ActionLink && slices.ContainsFunc(in.Paths, func(p schema.Path) bool { return m.isReference(s.Host, p) }) {
			in.Action, in.Reason, in.To, in.ToDevice = schema.ActionHold, decide.HoldProtected, 0, 0
			m.recount[s] = true
		}
	}
}

// isReference reports whether a file is, or lies under, a reference of some scan.
func (m *merger) isReference(host string, p schema.Path) bool {
	for at := range upwards(p.Raw()) {
		if m.refs[spot{host, at}] {
			return true
		}
	}
	return false
}

// settle has each inode go to one that stays: what one scan keeps another one may have
// linked, and what one holds another may have kept. No way leads back to where it began,
// since an inode goes the way of the first scan that met it.
func settle(s *schema.Set) {
	at := make(map[scan.ID]*schema.Inode, len(s.Inodes))
	for i := range s.Inodes {
		at[s.ID(&s.Inodes[i])] = &s.Inodes[i]
	}
	for i := range s.Inodes {
		if in := &s.Inodes[i]; in.Action == schema.ActionLink {
			aim(s, in, at)
		}
	}
}

func aim(s *schema.Set, in *schema.Inode, at map[scan.ID]*schema.Inode) {
	to := at[s.KeeperID(in)]
	for steps := len(at); steps > 0 && to != nil && to.Action == schema.ActionLink; steps-- { // a file may say anything
		to = at[s.KeeperID(to)]
	}
	if to == nil || to.Action == schema.ActionLink {
		return
	}
	if to.Action == schema.ActionHold {
		to.Action, to.Reason = schema.ActionKeep, ""
	}
	if in.To, in.ToDevice = to.Inode, to.Device; s.ID(to) == s.MainKeeper() {
		in.To, in.ToDevice = 0, 0
	}
}

func frees(s *schema.Set) (sum int64) {
	for i := range s.Inodes {
		sum += s.Frees(&s.Inodes[i])
	}
	return sum
}

// replacements counts the names of a set that are to be replaced. Of a reflink that is
// the file, whatever it is called.
func replacements(s *schema.Set) (n int64) {
	for i := range s.Inodes {
		in := &s.Inodes[i]
		switch {
		case in.Action != schema.ActionLink:
		case s.IsReflink():
			n++
		default:
			n += int64(len(in.Paths))
		}
	}
	return n
}

func compareSets(a, b schema.Set) int {
	return cmp.Or(
		cmp.Compare(b.ReclaimableBytes, a.ReclaimableBytes),
		cmp.Compare(b.Size*int64(len(b.Inodes)-1), a.Size*int64(len(a.Inodes)-1)),
		strings.Compare(a.Host, b.Host),
		strings.Compare(a.Inodes[0].Paths[0].Raw(), b.Inodes[0].Paths[0].Raw()),
	)
}
