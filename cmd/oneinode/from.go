package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/request"
	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// fromConflicts refuses words that would decide anew what the saved scan has
// decided already.
func (o *dedupeOptions) fromConflicts(paths []string, changed func(string) bool) error {
	if len(paths) > 0 {
		return usage("--from and the PATH %s contradict each other: the saved scan names its files", show.Quote(paths[0]))
	}
	for _, flag := range [...]string{"files-from", "depth", "one-file-system", "reference", "keep", "match", "across-only", "max-links", "link", "absolute"} {
		if changed(flag) {
			return usage("--from and --%s contradict each other: the saved scan has decided that", flag)
		}
	}
	return nil
}

// carryOut makes the job one of the files that a saved scan names; - is standard input.
func (j *job) carryOut(file string, stdin io.Reader) error {
	tuneGC(gcPercentFind) // much of what is read stays
	src, err := readSaved(file, stdin)
	if err != nil {
		return err
	}
	base, err := baseOf(&src.Doc.Run)
	if err != nil {
		return requestFault(file, err)
	}
	want, err := request.Of(src, base)
	if err != nil {
		return requestFault(file, err)
	}
	j.wishes, j.policy.Chosen = want.Wishes, want.Keepers()
	j.policy.Link, j.policy.Absolute = want.Link, want.Absolute
	j.policy.Match, j.policy.MatchReflink = want.Match, want.MatchReflink
	j.outputs.style.Saved = true
	j.selection.addSaved(want)
	return nil
}

// readSaved reads a scan that was saved as JSON.
func readSaved(file string, from io.Reader) (*schema.Loaded, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, show.PathError(file, err)
		}
		defer f.Close()
		from = f
	}
	src, err := saved.Read(from)
	if err != nil {
		return nil, hintSaved(show.PathError(file, err), "only whole, unchanged JSON files of oneinode can be carried out; oneinode report -o FILE.json FILE.ndjson makes one of NDJSON")
	}
	return src, nil
}

// baseOf returns where the relative paths of a scan begin: here, if it does not say.
func baseOf(run *schema.Run) (string, error) {
	if run.Directory != nil {
		return run.Base(), nil
	}
	here, err := os.Getwd()
	if err != nil {
		err = &request.FieldError{Field: "run.directory", Err: fmt.Errorf("missing, and there is no working directory: %w", err)}
	}
	return here, err
}

func requestFault(file string, err error) error {
	hint := "carry out each scan by itself" // ErrMixed
	if field, ok := errors.AsType[*request.FieldError](err); ok {
		hint = "scan again: what " + field.Field + " asks for is not clear"
	}
	return &hintedError{fmt.Errorf("%s: %w", show.Quote(file), err), hint}
}

// addSaved adds the files of a saved scan; those that are gone are told. Of others that cannot be
// looked at the scan will tell why.
func (sel *selection) addSaved(want *request.Request) {
	sel.missing = append(sel.missing, want.Astray...)
	for _, root := range want.Roots {
		if _, err := os.Lstat(root.Path); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			sel.missing = append(sel.missing, scan.Skip{Path: root.Path, Reason: dedupe.ReasonDrifted})
			continue
		}
		sel.roots = append(sel.roots, root)
	}
}
