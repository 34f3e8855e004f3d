package main

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// selectionFlags say which files a run looks at.
type selectionFlags struct {
	minSize, maxSize sizeFlag
	include, exclude []string
	excludeFrom      []string
	depth            numberFlag
	oneFilesystem    bool
	minAge           durationFlag
	filesFrom        string
	null             bool // also an output flag
	skipMarked       bool
	saved            bool // the PATHs come from a saved scan
}

func newSelection() selectionFlags {
	return selectionFlags{
		minSize: newParsed("SIZE", "1", 1, parseSize),
		maxSize: newParsed("SIZE", "", 0, parseSize),
		depth:   newNumber(1),
		minAge:  newParsed("DURATION", "", 0, parseDuration),
	}
}

func (s *selectionFlags) addFlags(f *pflag.FlagSet) {
	f.Var(&s.minSize, "min-size", "ignore smaller files (4096, 10M, 1.5GiB; KB is 1000, K and KiB 1024)")
	f.Var(&s.maxSize, "max-size", "ignore bigger files")
	f.StringArrayVar(&s.include, "include", nil, "take only files that match `GLOB`; without a / it matches the base name, with a / the path shown or the end of it, with a leading / the absolute path; ** crosses directories (repeatable)")
	f.StringArrayVar(&s.exclude, "exclude", nil, "ignore files and directories that match `GLOB`, except a directory given as PATH (repeatable)")
	f.StringArrayVar(&s.excludeFrom, "exclude-from", nil, "read globs to exclude from `FILE`, one per line; # begins a comment")
	f.Var(&s.depth, "depth", "descend at most N levels: 1 means only the files directly in PATH")
	f.BoolVarP(&s.oneFilesystem, "one-file-system", "x", false, "do not enter other filesystems")
	f.Var(&s.minAge, "min-age", "ignore files whose mtime or ctime is more recent than this (90s, 12h, 7d, 2w); a new copy or a new link has a recent ctime")
	f.StringVar(&s.filesFrom, "files-from", "", "read further PATHs from `FILE`, one per line; - is standard input")
	f.BoolVarP(&s.null, "null", "0", false, "names in --files-from and in --format fdupes end with NUL, not newline")
	f.BoolVar(&s.skipMarked, "skip-marked", false, "ignore directories with a CACHEDIR.TAG (those with a .nodedupe are always ignored)")
}

// selection is what the flags and PATHs come to.
type selection struct {
	roots   []scan.Root
	missing []scan.Skip // files of a saved scan that are not there
	options scan.Options
}

// check turns the words into a selection; it only reads the files that hold
// further words, and looks whether references exist, which are roots as well.
func (s *selectionFlags) check(paths, references []string, stdin io.Reader) (selection, error) {
	var sel selection
	if err := s.contradictions(paths); err != nil {
		return sel, err
	}
	filter, err := s.filter()
	if err != nil {
		return sel, err
	}
	sel.options = scan.Options{
		MinSize: s.least(), MaxSize: s.maxSize.value, Filter: filter, Depth: s.depth.value,
		OneFilesystem: s.oneFilesystem, MinAge: s.minAge.value, SkipMarked: s.skipMarked,
	}
	if err := sel.addReferences(references); err != nil {
		return sel, err
	}
	for _, p := range paths {
		sel.roots = append(sel.roots, scan.Root{Path: p})
	}
	if s.filesFrom != "" {
		return sel, sel.addListed(s.filesFrom, s.null, stdin)
	}
	return sel, nil
}

// least is from what size on files are taken. The usual one is not meant for files that a saved scan
// has taken, maybe with --min-size 0.
func (s *selectionFlags) least() int64 {
	if s.saved && !s.minSize.given {
		return 0
	}
	return s.minSize.value
}

func (s *selectionFlags) contradictions(paths []string) error {
	switch {
	case len(paths) == 0 && s.filesFrom == "" && !s.saved:
		return &hintedError{usage("no PATH given"), "name the directories or files to look at, or . for this one"}
	case s.maxSize.word != "" && s.minSize.value > s.maxSize.value:
		return usage("--min-size %s is more than --max-size %s: no file fits", s.minSize.word, s.maxSize.word)
	case s.maxSize.word != "" && s.maxSize.value == 0:
		return usage("--max-size %s leaves no file", s.maxSize.word)
	}
	return refuseEmpty("PATH", paths, ". is the current directory")
}

// refuseEmpty refuses words that a shell has made of nothing: what a command does
// without such a word (the last run, say) is not what was meant.
func refuseEmpty(kind string, words []string, instead string) error {
	if slices.Contains(words, "") {
		return &hintedError{usage("an empty %s was given", kind), "a shell variable may be unset; " + instead}
	}
	return nil
}

func (s *selectionFlags) filter() (scan.Filter, error) {
	exclude := append([]string{}, s.exclude...)
	for _, file := range s.excludeFrom {
		globs, err := readGlobs(file)
		if err != nil {
			return scan.Filter{}, usage("--exclude-from: %w", err)
		}
		exclude = append(exclude, globs...)
	}
	filter, err := scan.NewFilter(s.include, exclude)
	if err != nil {
		return filter, usage("--include, --exclude: %w", err)
	}
	return filter, nil
}

// addReferences adds protected roots. A symbolic link is refused rather than
// skipped as other PATHs are: what it leads to would go unprotected.
func (sel *selection) addReferences(dirs []string) error {
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		switch {
		case err != nil:
			return usage("--reference: %w", show.PathError(dir, err))
		case info.Mode()&os.ModeSymlink != 0:
			return &hintedError{usage("--reference: %s is a symbolic link", show.Quote(dir)), "name the directory that it leads to"}
		case !info.IsDir():
			return usage("--reference: %s is not a directory", show.Quote(dir))
		}
		sel.roots = append(sel.roots, scan.Root{Path: dir, Protected: true})
	}
	return nil
}

// listFault tells a list that is wrong from one that a signal has cut short.
func listFault(err error) error {
	if stopped, ok := errors.AsType[stoppedError](err); ok {
		return stopped
	}
	return usage("--files-from -: %w", err)
}

// addListed adds the PATHs of --files-from. Lists are made before the run, mostly
// by find, so a name that is gone meanwhile is told and left out, and what a walk
// would pass by (symbolic links, devices, FIFOs) is left out, too; a PATH on the
// command line would end the run.
func (sel *selection) addListed(file string, null bool, stdin io.Reader) error {
	parse := parseLines
	if null {
		parse = parseNulls
	}
	var paths []string
	var err error
	if file == "-" {
		if paths, err = parse(stdin); err != nil {
			return listFault(err)
		}
	} else if paths, err = readFile(file, parse); err != nil {
		return usage("--files-from: %w", err)
	}
	for _, p := range paths {
		sel.roots = append(sel.roots, scan.Root{Path: p, Listed: true})
	}
	return nil
}
