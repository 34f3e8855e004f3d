package view

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// Changes tells what became of the duplicates between two scans.
type Changes struct {
	Schema      int         `json:"schema"`
	View        string      `json:"view"`
	Old         schema.Time `json:"old"` // ends of the two scans
	New         schema.Time `json:"new"`
	Redundant   [2]int64    `json:"redundant_bytes"` // old, new
	Reclaimable [2]int64    `json:"reclaimable_bytes"`
	Appeared    []SetChange `json:"appeared"` // sets that are new or have more inodes
	Gone        []SetChange `json:"gone"`     // sets that are no more or have fewer
	AppearedSum int64       `json:"appeared_bytes"`
	GoneSum     int64       `json:"gone_bytes"`
	Linked      int64       `json:"linked_bytes"` // of GoneSum: its names are there, as links to fewer inodes
	Note        string      `json:"note,omitempty"`
}

// SetChange is one content. Bytes is what is stored more, or less, than before.
type SetChange struct {
	Bytes  int64         `json:"bytes"`
	Before int           `json:"before"` // inodes
	After  int           `json:"after"`
	Linked bool          `json:"linked,omitempty"`
	Paths  []schema.Path `json:"paths"` // the first few
}

const (
	changesShown  = 20 // as text
	pathsOfChange = 4
)

// contentKey is one content on one filesystem.
type contentKey struct {
	host, digest string
	device       uint64
	size         int64
	first        string // for sets without a digest
}

// volume is a device of a host.
type volume struct {
	host   string
	device uint64
}

func keyOfSet(s *schema.Set, host string, numbers map[volume]uint64) contentKey {
	host = cmp.Or(s.Host, host)
	k := contentKey{host, s.Digest, cmp.Or(numbers[volume{host, s.Device}], s.Device), s.Size, ""}
	if s.Digest == "" {
		k.first = s.Inodes[0].Paths[0].Raw()
	}
	return k
}

// numbersNow tells which numbers devices of the old scan have in the new one, by their mount
// points: many get another with each mount (btrfs, LVM, USB). It tells of none where two would
// get the same.
func numbersNow(old, now *schema.Document) map[volume]uint64 {
	numbers, mounts := map[volume]uint64{}, mountsOf(now)
	for at, device := range mountsOf(old) {
		numbers[volume{at.host, device}] = mounts[at]
	}
	taken := map[volume]volume{}
	for _, f := range old.Filesystems {
		was := volume{cmp.Or(f.Host, old.Run.Host), f.Device}
		is := volume{was.host, cmp.Or(numbers[was], f.Device)}
		if other, isTaken := taken[is]; isTaken && other != was {
			return nil
		}
		taken[is] = was
	}
	return numbers
}

// mountsOf tells what is mounted where, of devices and mount points that belong to each other only.
func mountsOf(d *schema.Document) map[dirKey]uint64 {
	mounts := map[dirKey]uint64{}
	for _, f := range d.Filesystems {
		shares := func(o schema.Filesystem) bool {
			return o.Host == f.Host && (o.Device == f.Device) != (o.Mount == f.Mount)
		}
		if f.Mount != "" && !slices.ContainsFunc(d.Filesystems, shares) {
			mounts[dirKey{cmp.Or(f.Host, d.Run.Host), f.Mount}] = f.Device
		}
	}
	return mounts
}

// NewChanges compares two scans of the same trees.
func NewChanges(old, now schema.Source) (*Changes, error) {
	a, b := old.Document(), now.Document()
	c := &Changes{
		Schema: schema.Number, View: "diff", Old: a.Run.Finished, New: b.Run.Finished, Note: sentences(asFound(&b), apart(&a, &b), unlike(&a, &b)),
		Appeared: []SetChange{}, Gone: []SetChange{},
		Redundant:   [2]int64{a.Summary.RedundantBytes, b.Summary.RedundantBytes},
		Reclaimable: [2]int64{a.Summary.ReclaimableBytes, b.Summary.ReclaimableBytes},
	}
	before, numbers := map[contentKey]schema.Set{}, numbersNow(&a, &b)
	for s, err := range old.Sets() {
		if err != nil {
			return nil, err
		}
		before[keyOfSet(&s, a.Run.Host, numbers)] = s
	}
	for s, err := range now.Sets() {
		if err != nil {
			return nil, err
		}
		k := keyOfSet(&s, b.Run.Host, nil)
		was := before[k]
		delete(before, k)
		c.compare(&was, &s)
	}
	linked := b.Summary.SavedByLinksBytes - a.Summary.SavedByLinksBytes
	known := c.GoneSum
	for _, s := range before {
		c.gone(&s, 1, s.Redundant(), false)
	}
	// A set that is one inode now is listed nowhere; what links save tells.
	c.Linked += max(0, min(linked-c.Linked, c.GoneSum-known))
	c.sort()
	return c, nil
}

// compare takes a set that is there now, and was, perhaps.
func (c *Changes) compare(was, is *schema.Set) {
	n, m := max(1, len(was.Inodes)), len(is.Inodes)
	switch {
	case m > n:
		ch := SetChange{Bytes: max(0, is.Redundant()-was.Redundant()), Before: len(was.Inodes), After: m, Paths: somePaths(is, was)}
		c.Appeared, c.AppearedSum = append(c.Appeared, ch), c.AppearedSum+ch.Bytes
	case m < n:
		linked := countNames(is) >= countNames(was)
		c.gone(was, m, max(0, was.Redundant()-is.Redundant()), linked)
	}
}

func countNames(s *schema.Set) int {
	n := 0
	for i := range s.Inodes {
		n += len(s.Inodes[i].Paths)
	}
	return n
}

func (c *Changes) gone(was *schema.Set, after int, bytes int64, linked bool) {
	c.Gone = append(c.Gone, SetChange{Bytes: bytes, Before: len(was.Inodes), After: after, Linked: linked, Paths: somePaths(was, nil)})
	c.GoneSum += bytes
	if linked {
		c.Linked += bytes
	}
}

// somePaths returns a few paths, those first that the other set does not have.
func somePaths(s, other *schema.Set) []schema.Path {
	known := map[string]bool{}
	if other != nil {
		for i := range other.Inodes {
			for _, p := range other.Inodes[i].Paths {
				known[p.Raw()] = true
			}
		}
	}
	var fresh, rest []schema.Path
	for i := range s.Inodes {
		p := s.Inodes[i].Paths[0]
		if known[p.Raw()] {
			rest = append(rest, p)
		} else {
			fresh = append(fresh, p)
		}
	}
	all := slices.Concat(fresh, rest)
	return all[:min(len(all), pathsOfChange)]
}

func (c *Changes) sort() {
	order := func(a, b SetChange) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Paths[0].Raw(), b.Paths[0].Raw()))
	}
	slices.SortFunc(c.Appeared, order)
	slices.SortFunc(c.Gone, order)
}

func (c *Changes) text(p *printer) {
	p.line("redundant    %s, was %s", show.Size(c.Redundant[1]), show.Size(c.Redundant[0]))
	p.line("reclaimable  %s, was %s", show.Size(c.Reclaimable[1]), show.Size(c.Reclaimable[0]))
	p.line("appeared     %s in %s", show.Size(c.AppearedSum), show.Counted(int64(len(c.Appeared)), "set", "sets"))
	p.line("gone         %s in %s, %s of it by links", show.Size(c.GoneSum), show.Counted(int64(len(c.Gone)), "set", "sets"), show.Size(c.Linked))
	if c.Note != "" {
		p.line("note         %s", c.Note)
	}
	c.list(p, "More often than before:", c.Appeared)
	c.list(p, "Less often than before:", c.Gone)
}

func (c *Changes) list(p *printer, title string, list []SetChange) {
	for i, ch := range list {
		if i == 0 {
			p.line("\n%s", title)
		}
		if i == changesShown {
			p.line("\n… and %s (--format json lists all)", show.Counted(int64(len(list)-i), "more set", "more sets"))
			return
		}
		how := ""
		if ch.Linked {
			how = ", by links"
		}
		p.line("\n  %s · %s, was %s%s", show.Size(ch.Bytes), inSet(ch.After, " file", " files"), inSet(ch.Before, "", ""), how)
		p.paths(ch.Paths, int64(len(ch.Paths)))
	}
}

// inSet is how many files one content had. What is in no set is there once, or not at
// all: a saved scan does not tell.
func inSet(n int, one, several string) string {
	if n < 2 {
		return "at most 1" + one
	}
	return strconv.Itoa(n) + several
}
