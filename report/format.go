package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// Format names a way to write a Source.
type Format string

// The formats there are.
const (
	FormatText   Format = "text"
	FormatJSON   Format = "json"
	FormatNDJSON Format = "ndjson"
	FormatCSV    Format = "csv"
	FormatFdupes Format = "fdupes"
	FormatHTML   Format = "html"
)

// Style is how a format looks: the text for people; Null and Terminal are for lists, Next is
// for the page, too.
type Style struct {
	Color   bool
	Width   int  // columns of the terminal: longer paths are shortened; 0 = no terminal, nothing is
	Verbose bool // all sets, some paths of each reason, and of a dedupe more than one line
	Null    bool // fdupes: NUL instead of newlines
	// Terminal: a person looks at it. As with find(1), names in csv and fdupes are then not
	// the very bytes, but what is fit to look at.
	Terminal bool
	Saved    bool   // a saved scan is carried out: no sets are no news about duplicates
	Next     string // command to run next, told when there is something to reclaim
}

// brief reports whether one line is enough of a dedupe: it is for a mail.
func (s *Style) brief() bool { return !s.Verbose && !s.Terminal }

type writer func(out *bufio.Writer, src schema.Source, style Style) error

// plain is for formats that look one way only.
func plain(write func(*bufio.Writer, schema.Source) error) writer {
	return func(out *bufio.Writer, src schema.Source, _ Style) error { return write(out, src) }
}

func writers() map[Format]writer {
	return map[Format]writer{
		FormatText: writeText, FormatJSON: plain(saved.WriteJSON), FormatNDJSON: plain(saved.WriteNDJSON),
		FormatCSV: writeCSV, FormatFdupes: writeFdupes, FormatHTML: writeHTML,
	}
}

// Formats lists the words of --format.
func Formats() []string { return []string{"text", "json", "ndjson", "csv", "fdupes", "html"} }

// formatOf tells the format of a file by the suffix of its name.
func formatOf(file string) (Format, error) {
	suffixes := map[string]Format{".json": FormatJSON, ".ndjson": FormatNDJSON, ".csv": FormatCSV, ".txt": FormatText, ".html": FormatHTML}
	suffix := filepath.Ext(file)
	if f, ok := suffixes[strings.ToLower(suffix)]; ok {
		return f, nil
	}
	if file == "-" {
		return "", errors.New("- is no file: --format says what standard output gets")
	}
	if suffix == "" {
		return "", fmt.Errorf("%s has no suffix that tells the format: .json, .ndjson, .csv, .html or .txt", show.Quote(file))
	}
	return "", fmt.Errorf("%s: unknown suffix %q: one of .json, .ndjson, .csv, .html, .txt", show.Quote(file), suffix)
}

// ListsSkipped reports whether any of the formats lists every path that was
// left out.
func ListsSkipped(formats ...Format) bool {
	return SavesScans(formats...) || slices.Contains(formats, FormatHTML)
}

// SavesScans reports whether any of the formats can be read back.
func SavesScans(formats ...Format) bool {
	return slices.Contains(formats, FormatJSON) || slices.Contains(formats, FormatNDJSON)
}

// ListsDigests reports whether any of the formats shows the digests of sets,
// which cost reading time otherwise saved.
func ListsDigests(formats ...Format) bool {
	return SavesScans(formats...) || slices.Contains(formats, FormatCSV)
}

// Write writes the whole source. An error of out or of the source is returned
// as it is.
func Write(out io.Writer, src schema.Source, format Format, style Style) error {
	write, ok := writers()[format]
	if !ok {
		return fmt.Errorf("unknown format %q", string(format))
	}
	buffered := bufio.NewWriterSize(out, 64<<10)
	if err := write(buffered, src, style); err != nil {
		return err
	}
	return buffered.Flush()
}
