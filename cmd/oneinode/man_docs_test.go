//go:build docs

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Run it with -tags docs, as the pages are made.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if err := writeMan(newRoot(&app{}), dir); err != nil {
		t.Fatal(err)
	}
	for page, wanted := range map[string][]string{
		"oneinode.1":      {".SH EXIT STATUS", "   10  duplicates", ".SH FILES", "/var/lib/oneinode", ".SH ENVIRONMENT", "XDG_STATE_HOME"},
		"oneinode-scan.1": {`\fB--max-size\fP=SIZE`, `\fB--cache-dir\fP=DIR`, `\fB--keep\fP=WHICH`, "(default most-links)"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %q", page, want)
			}
		}
	}
}
