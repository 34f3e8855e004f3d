package report

import (
	"iter"
	"slices"
)

// Source is a result, from a live run or from a saved file. All three may be
// asked for any number of times, but not from several goroutines at once.
type Source interface {
	Document() Document
	// Sets yields the duplicate sets, biggest reclaimable first. An error ends
	// the sequence.
	Sets() iter.Seq2[Set, error]
	// Skipped yields what was left out, sorted by path. A live source that was
	// told to keep only examples yields those; the summary has the true counts.
	Skipped() iter.Seq[Skipped]
}

// Directory is what a directory holds with all that is beneath it, for those
// that hold duplicates.
type Directory struct {
	Path
	Host  string `json:"host,omitempty"`
	Names int64  `json:"names"`
	Bytes int64  `json:"bytes"` // apparent, each name counted
	// Above is how many directories next above it hold nothing else: what is said holds
	// for them, and they are not listed.
	Above int64 `json:"above,omitempty"`
}

// directoryLister is a Source that knows the sizes of directories.
type directoryLister interface {
	Directories() iter.Seq[Directory]
}

// directories yields what a source knows of directories, nothing for most.
func directories(src Source) iter.Seq[Directory] {
	if l, ok := src.(directoryLister); ok {
		return l.Directories()
	}
	return func(func(Directory) bool) {}
}

// Saved is the Source of a file that ReadJSON has read.
type Saved struct {
	doc     Document
	sets    []Set
	skipped []Skipped

	directories []Directory
}

// Document returns the facts of the saved run.
func (s *Saved) Document() Document { return s.doc }

// Sets yields the saved sets in the order of the file; it never fails.
func (s *Saved) Sets() iter.Seq2[Set, error] {
	return func(yield func(Set, error) bool) {
		for _, set := range s.sets {
			if !yield(set, nil) {
				return
			}
		}
	}
}

// Skipped yields what the saved run left out.
func (s *Saved) Skipped() iter.Seq[Skipped] { return slices.Values(s.skipped) }

// Directories yields the sizes of directories that the saved run knew.
func (s *Saved) Directories() iter.Seq[Directory] { return slices.Values(s.directories) }
