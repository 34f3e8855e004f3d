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

// entry is a name on a filesystem. Disks that take turns at one place have names of their own.
type entry struct {
	host, path string
	device     uint64
}

// lately tells how late the scans met something. Times may be before 1970.
type lately struct {
	inodes map[look]schema.Time
	names  map[entry]schema.Time // of the latest inode of each; only where scans may have met two of them
}

// dropStale leaves an inode in the sets of its latest look only: when another scan met it in
// a set of other content, it has changed in between. One whose names have all led to others since
// is gone.
func (m *merger) dropStale() {
	latest := m.latest()
	for key, s := range m.sets {
		if gone := latest.gone(s, key.host); len(gone) > 0 {
			lose(s, gone)
			m.recount[s] = true
		}
		if len(s.Inodes) < 2 {
			delete(m.sets, key)
		}
	}
}

func (m *merger) latest() *lately {
	l := &lately{map[look]schema.Time{}, map[entry]schema.Time{}}
	for key, s := range m.sets {
		for i := range s.Inodes {
			in, id := &s.Inodes[i], s.ID(&s.Inodes[i])
			raise(l.inodes, look{key.host, id}, in.Ctime)
			if m.out.Doc.Run.Overlap {
				for _, n := range in.Paths {
					raise(l.names, entryOf(key.host, n, id), in.Ctime)
				}
			}
		}
	}
	return l
}

// raise notes a time unless a later one is known.
func raise[K comparable](latest map[K]schema.Time, at K, t schema.Time) {
	if was, ok := latest[at]; !ok || t > was {
		latest[at] = t
	}
}

func entryOf(host string, n schema.Path, id scan.ID) entry {
	return entry{host, path.Clean(n.Raw()), id.Dev}
}

// gone is what of a set other sets have a later look at, and what has no name any more.
func (l *lately) gone(s *schema.Set, host string) map[scan.ID]bool {
	gone := map[scan.ID]bool{}
	for i := range s.Inodes {
		in, id := &s.Inodes[i], s.ID(&s.Inodes[i])
		l.dropNames(in, host, id)
		if in.Ctime < l.inodes[look{host, id}] || len(in.Paths) == 0 {
			gone[id] = true
		}
	}
	return gone
}

// dropNames takes away the names of an inode that have led to another one later, as after a
// file was saved anew: it has one link less for each.
func (l *lately) dropNames(in *schema.Inode, host string, id scan.ID) {
	isLost := func(n schema.Path) bool {
		at, known := l.names[entryOf(host, n, id)]
		return known && at > in.Ctime
	}
	if slices.ContainsFunc(in.Paths, isLost) {
		rest := slices.DeleteFunc(slices.Clone(in.Paths), isLost)
		in.Links -= min(in.Links, uint32(len(in.Paths)-len(rest)))
		in.Paths = rest
	}
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
