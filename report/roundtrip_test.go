package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
)

func TestSavedScansRoundTrip(t *testing.T) {
	want := sample.Scan()
	want.AllDirectories = []schema.Directory{{Path: schema.NewPath("a\xff"), Names: 2, Bytes: 9}}
	for _, format := range []Format{FormatJSON, FormatNDJSON} {
		name := filepath.Join(t.TempDir(), "saved."+string(format))
		if err := os.WriteFile(name, []byte(render(t, want, format, Style{})), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := saved.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, again := range []Format{FormatJSON, FormatNDJSON, FormatCSV, FormatFdupes, FormatText} {
			if got, want := render(t, f, again, Style{Verbose: true}), render(t, want, again, Style{Verbose: true}); got != want {
				t.Errorf("%s as %s differs:\n%s\nwant\n%s", format, again, got, want)
			}
		}
	}
}
