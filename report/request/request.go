package request

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// Request is what one saved scan asks for.
type Request struct {
	Wishes map[scan.ID]dedupe.Wish
	// Roots are the files, each by its absolute path and beneath a PATH of the scan.
	Roots  []scan.Root
	Astray []scan.Skip // files that lie under none of the PATHs: no scan of those has met them

	Link         decide.Link
	Absolute     bool // symbolic links say whole paths
	Match        decide.Match
	MatchReflink decide.Match
}

// reasonAstray is that of Request.Astray.
const reasonAstray = "under none of the PATHs of the saved scan"

// ErrMixed says that a report of several scans is none that can be carried out.
var ErrMixed = errors.New("its scans asked for different links (--link, --absolute)")

// FieldError says that a field of the scan cannot be carried out as it is.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

func (e *FieldError) Unwrap() error { return e.Err }

// Of reads the request of a saved scan. base is the directory in which its relative paths
// begin. Errors: FieldError or ErrMixed.
func Of(src *schema.Loaded, base string) (*Request, error) {
	run := &src.Doc.Run
	r := &Request{Wishes: map[scan.ID]dedupe.Wish{}, Absolute: run.Absolute}
	if err := r.match(run); err != nil {
		return nil, err
	}
	if run.Link == schema.LinkMixed {
		return nil, ErrMixed
	}
	var err error
	if r.Link, err = decide.ParseLink(cmp.Or(run.Link, decide.LinkHard.String())); err != nil {
		return nil, &FieldError{"run.link", err}
	}
	if !filepath.IsAbs(base) {
		return nil, &FieldError{"run.directory", fmt.Errorf("%s does not begin at /", show.Quote(base))}
	}
	ways := waysOf(run, base)
	for i := range src.AllSets {
		r.add(&src.AllSets[i], ways)
	}
	return r, nil
}

// match notes what must agree. With --link auto that is told apart for reflinks.
func (r *Request) match(run *schema.Run) (err error) {
	if r.Match, err = parseMatch("run.match", run.Match); err != nil {
		return err
	}
	r.MatchReflink = r.Match
	if run.Link == decide.LinkAuto.String() {
		r.MatchReflink, err = parseMatch("run.match_reflink", run.MatchReflink)
	}
	return err
}

// parseMatch reads the rules of a saved scan. Those of --match none are left out
// of it; a word that is not known may be a rule that must not be given up.
func parseMatch(field string, words []string) (decide.Match, error) {
	if len(words) == 0 {
		return decide.MatchNone, nil
	}
	match, err := decide.ParseMatch(strings.Join(words, ","))
	if err != nil {
		return 0, &FieldError{field, err}
	}
	return match, nil
}

// add takes the inodes of a set that are to be linked, and their keepers.
func (r *Request) add(set *schema.Set, w *ways) {
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
			r.wish(set, inode, set.ID(inode))
			r.addPaths(inode, true, w)
		case inode.Action == schema.ActionLink:
			r.wish(set, inode, set.KeeperID(inode))
			r.addPaths(inode, false, w)
		}
	}
}

func (r *Request) wish(set *schema.Set, inode *schema.Inode, keeper scan.ID) {
	r.Wishes[set.ID(inode)] = dedupe.Wish{
		Size: set.Size, Mtime: int64(inode.Mtime), Ctime: int64(inode.Ctime), Digest: set.Digest,
		Keeper: keeper,
	}
}

// addPaths adds the paths of one inode. Those that are to stay are protected.
func (r *Request) addPaths(inode *schema.Inode, stays bool, w *ways) {
	for _, name := range inode.Paths {
		path := scan.CleanPath(w.absolute(name.Raw()))
		top, ok := w.topOf(path)
		if !ok {
			r.Astray = append(r.Astray, scan.Skip{Path: path, Reason: reasonAstray})
			continue
		}
		r.Roots = append(r.Roots, scan.Root{Path: path, Protected: stays || w.isReference(path), Top: top, Listed: true})
	}
}

// Keepers are the inodes that are to stay and take others in.
func (r *Request) Keepers() map[scan.ID]bool {
	keepers := map[scan.ID]bool{}
	for id, w := range r.Wishes {
		if w.Keeper == id {
			keepers[id] = true
		}
	}
	return keepers
}
