package view

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/target"
)

// Migration is what a move of the scanned trees to another filesystem takes.
// Sizes are bytes; Needs is what files and directories take there, in blocks of
// 4 KiB, where rsync has filled the holes.
type Migration struct {
	Schema            int                     `json:"schema"`
	View              string                  `json:"view"`
	Target            string                  `json:"target"`
	KeepsLinks        bool                    `json:"keeps_links"`
	Amount            schema.Amount           `json:"amount"`
	NeedsWithLinks    int64                   `json:"needs_with_links_bytes"` // one copy of all roots, rsync -aH
	NeedsWithoutLinks int64                   `json:"needs_without_links_bytes"`
	NeedsSeparately   int64                   `json:"needs_separately_bytes"` // a copy of each root with its own links
	DedupeSaves       int64                   `json:"dedupe_saves_bytes"`     // of NeedsWithLinks
	Spanning          Spanning                `json:"spanning"`
	MaxLinks          int64                   `json:"max_links"`
	LinkLimit         int64                   `json:"link_limit"` // 0: none is known
	FurtherInodes     int64                   `json:"links_over"` // copies that the limit makes
	Unfit             map[string]schema.Unfit `json:"unfit"`      // names that the target cannot hold
	Roots             []MigrationRoot         `json:"roots"`
	Command           string                  `json:"command"` // copies all roots, links between them included; "" for those of several hosts, and where no one command can
	Note              string                  `json:"note,omitempty"`
}

// MigrationRoot is one root of it.
type MigrationRoot struct {
	schema.Path
	Host              string        `json:"host,omitempty"`
	Amount            schema.Amount `json:"amount"`
	NeedsWithLinks    int64         `json:"needs_with_links_bytes"`
	NeedsWithoutLinks int64         `json:"needs_without_links_bytes"`
	Command           string        `json:"command"`
}

// Spanning counts sets with names under several roots, which separate copies
// would double once they are linked.
type Spanning struct {
	Sets     int64         `json:"sets"`
	Bytes    int64         `json:"bytes"`
	Examples []schema.Path `json:"examples"`
}

// NewMigration computes the view. It fails for a scan that was saved without
// the totals that it needs.
func NewMigration(src schema.Source, targetName string) (*Migration, error) {
	d, t := src.Document(), target.Named(targetName)
	if d.Summary.Whole == nil || slices.ContainsFunc(d.Run.Roots, func(r schema.Root) bool { return r.Amount == nil }) {
		return nil, errors.New("the totals of the PATHs are missing, as in what dedupe --from saves: a scan of them is needed")
	}
	m := &Migration{
		Schema: schema.Number, View: "migration", Target: t.Name, KeepsLinks: t.Links >= 0, Note: sentences(t.Note, notAll(&d, "a copy includes it, and takes more than is shown here"), asFound(&d), sparse(d.Summary.Whole)),
		Amount: *d.Summary.Whole, MaxLinks: d.Summary.MaxLinks, LinkLimit: max(0, t.Links), Unfit: map[string]schema.Unfit{}, Spanning: Spanning{Examples: []schema.Path{}},
	}
	m.NeedsWithLinks, m.NeedsWithoutLinks = t.Needs(&m.Amount)
	for _, kind := range t.Unfit {
		if u, ok := d.Summary.Unfit[kind]; ok {
			m.Unfit[kind] = u
		}
	}
	if t.Links > 0 {
		m.FurtherInodes = d.Summary.LinksOver[strconv.FormatInt(t.Links, 10)]
	}
	m.addRoots(&d, t)
	return m, m.addSets(src, &d)
}

func (m *Migration) addRoots(d *schema.Document, t target.Target) {
	roots := slices.Clone(d.Run.Roots)
	for i := range roots {
		roots[i].Path = roots[i].In(d.Run.Base()) // commands work from anywhere
	}
	each, all := t.Commands(roots)
	for i, r := range roots {
		root := MigrationRoot{Path: r.Path, Host: r.Host, Amount: *r.Amount, Command: each[i]}
		root.NeedsWithLinks, root.NeedsWithoutLinks = t.Needs(r.Amount)
		m.NeedsSeparately += root.NeedsWithLinks
		m.Roots = append(m.Roots, root)
	}
	m.Command = all
}

// addSets finds what dedupe would save before the move, and which sets span roots: of files that
// stay files of their own there, since they share but blocks, or the target keeps no links, neither.
func (m *Migration) addSets(src schema.Source, d *schema.Document) error {
	roots := newRootFinder(d)
	for s, err := range src.Sets() {
		if err != nil {
			return err
		}
		if !m.KeepsLinks || s.IsReflink() {
			continue
		}
		blocks := (s.Size + 4095) / 4096 * 4096
		under := map[int]bool{}
		for i := range s.Inodes {
			in := &s.Inodes[i]
			if goes(in) {
				m.DedupeSaves += blocks
			}
			for _, n := range in.Paths {
				under[roots.of(s.Host, n.Raw())] = true
			}
		}
		if len(under) > 1 && s.Link != decide.LinkSymlink.String() {
			m.span(&s, blocks*int64(len(under)-1))
		}
	}
	return nil
}

// spanningShown is how many sets are told by a path.
const spanningShown = 10

func (m *Migration) span(s *schema.Set, bytes int64) {
	m.Spanning.Sets++
	m.Spanning.Bytes += bytes
	if len(m.Spanning.Examples) < spanningShown {
		m.Spanning.Examples = append(m.Spanning.Examples, s.Inodes[0].Paths[0])
	}
}

// goes reports whether no scanned name of the inode remains after dedupe. Names
// outside do not count: they are not copied either.
func goes(i *schema.Inode) bool {
	return i.Action == schema.ActionLink && (i.Reason == "" || i.IsPinned())
}

// rootFinder tells under which root a path lies: the longest that it begins with.
type rootFinder map[string]int

func newRootFinder(d *schema.Document) rootFinder {
	f := rootFinder{}
	for i, r := range d.Run.Roots {
		f[schema.AtHost(r.Host, strings.TrimSuffix(path.Clean(r.Raw()), "/"))] = i
	}
	return f
}

func (f rootFinder) of(host, name string) int {
	for {
		if i, ok := f[schema.AtHost(host, name)]; ok {
			return i
		}
		cut := strings.LastIndexByte(name, '/')
		if cut < 0 {
			return f.orElse(host)
		}
		name = name[:cut]
	}
}

// orElse is for relative paths under a root of ".".
func (f rootFinder) orElse(host string) int {
	if i, ok := f[schema.AtHost(host, ".")]; ok {
		return i
	}
	return -1
}
