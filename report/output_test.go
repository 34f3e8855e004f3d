package report

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

// failing is a source that breaks off in the middle.
type failing struct{ *schema.Loaded }

var errBroken = errors.New("broken")

func (f failing) Sets() iter.Seq2[schema.Set, error] {
	return func(yield func(schema.Set, error) bool) {
		if yield(f.AllSets[0], nil) {
			yield(schema.Set{}, errBroken)
		}
	}
}

func TestOutputReplacesWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	write(t, file, "old")
	twin := file + ".link"
	if err := os.Link(file, twin); err != nil {
		t.Fatal(err)
	}
	out, err := NewOutput(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write(t.Context(), sample.Scan(), ""); err != nil {
		t.Fatal(err)
	}
	if got := read(t, file); got != render(t, sample.Scan(), FormatJSON, Style{}) {
		t.Errorf("file holds %q", got)
	}
	if got := read(t, twin); got != "old" {
		t.Errorf("the file was written in place: its other name holds %q", got)
	}
}

func TestOutputKeepsTheOldFileOnFailure(t *testing.T) {
	for _, suffix := range []string{".json", ".ndjson", ".csv", ".txt"} {
		dir := t.TempDir()
		file := filepath.Join(dir, "x"+suffix)
		write(t, file, "old")
		out, err := NewOutput(file)
		if err != nil {
			t.Fatal(err)
		}
		src := failing{sample.Scan()}
		if err := out.Write(t.Context(), src, ""); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", suffix, err)
		}
		if got := read(t, file); got != "old" {
			t.Errorf("%s: file holds %q", suffix, got)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%s: left behind: %v", suffix, entries)
		}
	}
}

func TestNewOutputRefuses(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(at("dir.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, "nowhere", at("dangling.json"))
	link(t, "dir.json", at("todir.json"))
	link(t, "/dev/null", at("null.json"))
	write(t, at("file"), "")
	for name, want := range map[string]string{
		"dir.json": "directory", "todir.json": "directory", "dangling.json": "leads nowhere", "null.json": "not a regular file",
		"missing/x.json": "no such file", "file/x.json": "not a directory", "x.foo": "unknown suffix", "x": "no suffix",
	} {
		if _, err := NewOutput(at(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}

func TestOutputFollowsALinkToAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real.csv"), "old")
	alias := filepath.Join(dir, "alias.csv")
	link(t, "real.csv", alias)
	out, err := NewOutput(alias)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write(t.Context(), sample.Scan(), ""); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(alias); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if got := read(t, filepath.Join(dir, "real.csv")); !strings.HasPrefix(got, "set,size,") {
		t.Errorf("the file holds %q", got)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// endless is a source that ends the context, and then goes on for ever.
type endless struct {
	*schema.Loaded
	end context.CancelCauseFunc
}

func (e endless) Sets() iter.Seq2[schema.Set, error] {
	return func(func(schema.Set, error) bool) {
		e.end(errBroken)
		select {}
	}
}

// TestOutputEndsWithItsContext: a signal ends a report that still computes, and leaves the
// old file, and none beside it.
func TestOutputEndsWithItsContext(t *testing.T) {
	for _, suffix := range []string{".json", ".ndjson", ".csv", ".txt", ".html"} {
		file := filepath.Join(t.TempDir(), "x"+suffix)
		write(t, file, "old")
		out, err := NewOutput(file)
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancelCause(t.Context())
		if err := out.Write(ctx, endless{sample.Scan(), end}, ""); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", suffix, err)
		}
		there, err := os.ReadDir(filepath.Dir(file))
		if err != nil || len(there) != 1 || read(t, file) != "old" {
			t.Errorf("%s: %v, %v, want the old file alone", suffix, there, err)
		}
	}
}
