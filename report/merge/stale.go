package merge

import (
	"cmp"
	"path"
	"slices"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// look is an inode as one of the scans met it.
type look struct {
	host string
	id   scan.ID
}

// dropStale leaves an inode in the sets of its latest look only: when another scan met it in
// a set of other content, it has changed in between. One whose names have all led to others since
// is gone.
func (m *merger) dropStale() {
	latest, names := m.latest(), m.latestNames()
	for key, s := range m.sets {
		gone := seenLater(s, latest, key.host)
		for i := range s.Inodes {
			if hasMoved(s, &s.Inodes[i], names, key.host) {
				gone[s.ID(&s.Inodes[i])] = true
			}
		}
		if len(gone) > 0 {
			lose(s, gone)
			m.recount[s] = true
		}
		if len(s.Inodes) < 2 {
			delete(m.sets, key)
		}
	}
}

func (m *merger) latest() map[look]schema.Time {
	latest := map[look]schema.Time{}
	for key, s := range m.sets {
		for i := range s.Inodes {
			raise(latest, look{key.host, s.ID(&s.Inodes[i])}, s.Inodes[i].Ctime)
		}
	}
	return latest
}

// raise notes a time unless a later one is known. It may be before 1970.
func raise[K comparable](latest map[K]schema.Time, at K, t schema.Time) {
	if was, ok := latest[at]; !ok || t > was {
		latest[at] = t
	}
}

// entry is a name on a filesystem. Disks that take turns at one place have names of their own.
type entry struct {
	host, path string
	device     uint64
}

func entryOf(s *schema.Set, in *schema.Inode, n schema.Path, host string) entry {
	return entry{host, path.Clean(n.Raw()), s.ID(in).Dev}
}

// latestNames tells of each name how late its latest inode was seen, where scans of the same PATHs
// may have met two of them.
func (m *merger) latestNames() map[entry]schema.Time {
	latest := map[entry]schema.Time{}
	if !m.out.Doc.Run.Overlap {
		return latest
	}
	for key, s := range m.sets {
		for i := range s.Inodes {
			for _, n := range s.Inodes[i].Paths {
				raise(latest, entryOf(s, &s.Inodes[i], n, key.host), s.Inodes[i].Ctime)
			}
		}
	}
	return latest
}

// hasMoved reports whether every name of an inode has led to another one later, as after a file
// was saved anew.
func hasMoved(s *schema.Set, in *schema.Inode, latest map[entry]schema.Time, host string) bool {
	return !slices.ContainsFunc(in.Paths, func(n schema.Path) bool {
		at, known := latest[entryOf(s, in, n, host)]
		return !known || at <= in.Ctime
	})
}

// seenLater is what other sets have a later look at.
func seenLater(s *schema.Set, latest map[look]schema.Time, host string) map[scan.ID]bool {
	gone := map[scan.ID]bool{}
	for i := range s.Inodes {
		if id := s.ID(&s.Inodes[i]); s.Inodes[i].Ctime < latest[look{host, id}] {
			gone[id] = true
		}
	}
	return gone
}

// lose takes inodes out of a set. Of those that were to go to one of them the first stays
// instead, and the others go there: they agree with each other as they did with it.
func lose(s *schema.Set, gone map[scan.ID]bool) {
	heirs, rest := map[scan.ID]scan.ID{}, []schema.Inode{}
	for _, in := range s.Inodes {
		id, to := s.ID(&in), s.KeeperID(&in)
		if gone[id] {
			continue
		}
		if in.Action == schema.ActionLink && gone[to] {
			if heir, ok := heirs[to]; ok {
				in.To, in.ToDevice = heir.Ino, heir.Dev
			} else {
				heirs[to], in.Action, in.Reason, in.To, in.ToDevice = id, schema.ActionKeep, "", 0, 0
			}
		}
		rest = append(rest, in)
	}
	s.Inodes = rest
	keeper := s.MainKeeper()
	switch {
	case len(rest) == 0:
		return
	case gone[keeper]:
		keeper = cmp.Or(heirs[keeper], firstKept(s))
	}
	s.Appoint(keeper)
}

// firstKept is the first inode that stays for others, or just the first.
func firstKept(s *schema.Set) scan.ID {
	isKept := func(in schema.Inode) bool { return in.Action == schema.ActionKeep }
	return s.ID(&s.Inodes[max(0, slices.IndexFunc(s.Inodes, isKept))])
}
