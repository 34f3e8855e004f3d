package schema

import (
	"iter"
	"slices"
)

// Source is a result, from a live run or from a saved file. It may be asked any
// number of times, but not from several goroutines at once.
type Source interface {
	Document() Document
	// Sets yields the duplicate sets, biggest reclaimable first. An error ends
	// the sequence.
	Sets() iter.Seq2[Set, error]
	// Skipped yields what was left out, sorted by path. A live source that was
	// told to keep only examples yields those; the summary has the true counts.
	Skipped() iter.Seq[Skipped]
	// Directories yields what the run knew of directories: nothing unless it measured them.
	Directories() iter.Seq[Directory]
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

// Loaded is a Source that lies in memory as a whole.
type Loaded struct {
	Doc        Document
	AllSets    []Set
	AllSkipped []Skipped

	AllDirectories []Directory // none: they were not measured
}

// Document returns the facts of the run.
func (s *Loaded) Document() Document { return s.Doc }

// Sets yields the sets in their order; it never fails.
func (s *Loaded) Sets() iter.Seq2[Set, error] {
	return func(yield func(Set, error) bool) {
		for _, set := range s.AllSets {
			if !yield(set, nil) {
				return
			}
		}
	}
}

// Skipped yields what the run left out.
func (s *Loaded) Skipped() iter.Seq[Skipped] { return slices.Values(s.AllSkipped) }

// Directories yields the sizes of directories that the run knew.
func (s *Loaded) Directories() iter.Seq[Directory] { return slices.Values(s.AllDirectories) }
