package report

import (
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/merge"
	"github.com/oneinode/oneinode/report/schema"
)

// render writes a source and returns the text.
func render(t *testing.T, src schema.Source, format Format, style Style) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, src, format, style); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func merged(t *testing.T, sources ...schema.Source) schema.Source {
	t.Helper()
	src, err := merge.Sources(sources)
	if err != nil {
		t.Fatal(err)
	}
	return src
}
