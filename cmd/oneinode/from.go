package main

import (
	"cmp"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// savedScan is what a saved scan asks for.
type savedScan struct {
	wishes map[scan.ID]dedupe.Wish
	roots  []scan.Root
	base   string            // where relative paths begin
	tops   map[string]string // the PATHs of the scan as given, by clean path
	refs   map[string]bool   // those of --reference, by clean path
	astray []scan.Skip       // files that lie under none of them
	match  decide.Match
	shared decide.Match // of reflinks
	link   decide.Link
	whole  bool // symbolic links say whole paths
}

// fromConflicts refuses words that would decide anew what the saved scan has
// decided already.
func (o *dedupeOptions) fromConflicts(paths []string, changed func(string) bool) error {
	if len(paths) > 0 {
		return usage("--from and the PATH %s contradict each other: the saved scan names its files", show.Quote(paths[0]))
	}
	for _, flag := range [...]string{"files-from", "reference", "keep", "match", "across-only", "max-links", "link", "absolute"} {
		if changed(flag) {
			return usage("--from and --%s contradict each other: the saved scan has decided that", flag)
		}
	}
	return nil
}

// readSaved reads a scan that was saved as JSON.
func readSaved(file string) (*savedScan, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, show.PathError(file, err)
	}
	defer f.Close()
	src, err := saved.Read(f)
	if err != nil {
		return nil, &hintedError{show.PathError(file, err), "only whole, unchanged JSON files of oneinode can be carried out; oneinode report -o FILE.json FILE.ndjson makes one of NDJSON"}
	}
	doc := src.Document()
	s := &savedScan{wishes: map[scan.ID]dedupe.Wish{}, tops: map[string]string{}, refs: map[string]bool{}}
	if err := s.addMatch(&doc.Run); err != nil {
		return nil, &hintedError{fmt.Errorf("%s: %w", show.Quote(file), err), "scan again: what must agree beside the content is not clear"}
	}
	if doc.Run.Link == schema.LinkMixed {
		return nil, &hintedError{fmt.Errorf("%s: its scans asked for different links (--link, --absolute)", show.Quote(file)), "carry out each scan by itself"}
	}
	if s.link, err = decide.ParseLink(cmp.Or(doc.Run.Link, decide.LinkHard.String())); err != nil {
		return nil, show.PathError(file, err)
	}
	s.whole = doc.Run.Absolute
	if err := s.addTops(&doc.Run); err != nil {
		return nil, err
	}
	for set := range src.Sets() { // it was read whole: no error can follow
		s.add(&set)
	}
	return s, nil
}

// addMatch notes what must agree. With --link auto that is told apart for reflinks.
func (s *savedScan) addMatch(run *schema.Run) (err error) {
	if s.match, err = savedMatch(run.Match); err != nil {
		return fmt.Errorf("run.match: %w", err)
	}
	s.shared = s.match
	if run.Link != decide.LinkAuto.String() {
		return nil
	}
	if s.shared, err = savedMatch(run.MatchReflink); err != nil {
		return fmt.Errorf("run.match_reflink: %w", err)
	}
	return nil
}

// addTops notes the PATHs of the scan.
func (s *savedScan) addTops(run *schema.Run) (err error) {
	if run.Directory != nil {
		s.base = run.Directory.Raw()
	} else if s.base, err = os.Getwd(); err != nil {
		return err
	}
	for _, root := range run.Roots {
		given := s.absolute(root.Raw())
		clean := scan.CleanPath(given)
		s.tops[clean], s.refs[clean] = given, s.refs[clean] || root.Reference
	}
	return nil
}

// absolute leaves all else as it is: "link/.." is not the directory of link.
func (s *savedScan) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return s.base + "/" + path
}

// above yields the directories that a file lies under, the innermost first. What stands
// before a ".." is not above the file.
func above(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for path != "/" && !strings.HasSuffix(path, "/..") {
			if path = path[:max(1, strings.LastIndexByte(path, '/'))]; !yield(path) {
				return
			}
		}
	}
}

// isReference reports whether a file is, or lies under, a reference of the scan.
func (s *savedScan) isReference(path string) bool {
	for dir := range above(path) {
		if s.refs[dir] {
			return true
		}
	}
	return s.refs[path]
}

// topOf returns the PATH that a file lies under; "" when the file itself was
// given. With nested ones it is the outermost, since below that one nobody meant
// a link to be followed, unless by a slash at the end of another.
func (s *savedScan) topOf(path string) (top string, ok bool) {
	_, ok = s.tops[path]
	for dir := range above(path) {
		given, isTop := s.tops[dir]
		if !isTop {
			continue
		}
		top, ok = given, true
		if strings.HasSuffix(given, "/") {
			break
		}
	}
	return top, ok
}

// savedMatch reads the rules of a saved scan. Those of --match none are left out
// of it; a word that is not known may be a rule that must not be given up.
func savedMatch(words []string) (decide.Match, error) {
	if len(words) == 0 {
		return decide.MatchNone, nil
	}
	return decide.ParseMatch(strings.Join(words, ","))
}

// carryOut makes the job one of the files that the saved scan names.
func (j *job) carryOut(file string) error {
	s, err := readSaved(file)
	if err != nil {
		return err
	}
	j.wishes, j.policy.Link, j.policy.Match, j.policy.MatchReflink = s.wishes, s.link, s.match, s.shared
	j.policy.Absolute, j.policy.Chosen = s.whole, s.keepers()
	j.outputs.style.Saved = true
	s.selection(&j.selection)
	return nil
}

// add takes the inodes of a set that are to be linked, and their keepers.
func (s *savedScan) add(set *schema.Set) {
	keepers := map[scan.ID]bool{}
	for i := range set.Inodes {
		if inode := &set.Inodes[i]; inode.Action == schema.ActionLink {
			keepers[set.KeeperID(inode)] = true
		}
	}
	for i := range set.Inodes {
		inode := &set.Inodes[i]
		switch {
		case keepers[set.ID(inode)]:
			s.wish(set, inode, set.ID(inode), true)
		case inode.Action == schema.ActionLink:
			s.wish(set, inode, set.KeeperID(inode), false)
		}
	}
}

// keepers are the inodes that are to stay and take others in.
func (s *savedScan) keepers() map[scan.ID]bool {
	keepers := map[scan.ID]bool{}
	for id, w := range s.wishes {
		if w.Keeper == id {
			keepers[id] = true
		}
	}
	return keepers
}

// reasonAstray: no scan of those PATHs can have met the file.
const reasonAstray = "under none of the PATHs of the saved scan"

// wish notes one inode and its paths. Those that are to stay are protected.
func (s *savedScan) wish(set *schema.Set, inode *schema.Inode, keeper scan.ID, stays bool) {
	s.wishes[set.ID(inode)] = dedupe.Wish{
		Size: set.Size, Mtime: int64(inode.Mtime), Ctime: int64(inode.Ctime), Digest: set.Digest,
		Keeper: keeper,
	}
	for _, name := range inode.Paths {
		path := scan.CleanPath(s.absolute(name.Raw()))
		top, ok := s.topOf(path)
		if !ok {
			s.astray = append(s.astray, scan.Skip{Path: path, Reason: reasonAstray})
			continue
		}
		s.roots = append(s.roots, scan.Root{Path: path, Protected: stays || s.isReference(path), Top: top, Listed: true})
	}
}

// selection turns the saved files into roots; those that are gone are told.
func (s *savedScan) selection(sel *selection) {
	sel.missing = append(sel.missing, s.astray...)
	for _, root := range s.roots {
		if _, err := os.Lstat(root.Path); err != nil {
			sel.missing = append(sel.missing, scan.Skip{Path: root.Path, Reason: dedupe.ReasonDrifted})
			continue
		}
		sel.roots = append(sel.roots, root)
	}
}
