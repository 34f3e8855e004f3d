package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

// save writes a source to a file and opens it again.
func save(t *testing.T, src schema.Source, format Format) *File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "saved."+string(format))
	if err := os.WriteFile(name, []byte(render(t, src, format, Style{})), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSavedScansRoundTrip(t *testing.T) {
	want := sample.Scan()
	want.AllDirectories = []schema.Directory{{Path: schema.NewPath("a\xff"), Names: 2, Bytes: 9}}
	for _, format := range []Format{FormatJSON, FormatNDJSON} {
		f := save(t, want, format)
		for _, again := range []Format{FormatJSON, FormatNDJSON, FormatCSV, FormatFdupes, FormatText} {
			if got, want := render(t, f, again, Style{Verbose: true}), render(t, want, again, Style{Verbose: true}); got != want {
				t.Errorf("%s as %s differs:\n%s\nwant\n%s", format, again, got, want)
			}
		}
	}
}

func TestOpenRefusesNDJSONThatIsNotWhole(t *testing.T) {
	whole := render(t, sample.Scan(), FormatNDJSON, Style{})
	lines := strings.SplitAfter(whole, "\n")
	cases := map[string]struct{ text, want string }{
		"empty":          {"", "cut off or empty"},
		"no summary":     {strings.Join(lines[:len(lines)-2], ""), "summary is missing"},
		"half a line":    {whole[:len(whole)/2], "cut off"},
		"a set too few":  {lines[0] + strings.Join(lines[2:], ""), "there are 1"},
		"no header":      {strings.Join(lines[1:], ""), "header"},
		"two headers":    {lines[0] + whole, "line 2: a second header"},
		"more behind":    {whole + lines[1], "follows the summary"},
		"another schema": {strings.Replace(whole, `"schema":1`, `"schema":2`, 1), "schema 2"},
		"wrong type":     {strings.Replace(whole, `"size":6000`, `"size":"x"`, 1), "value.size is a string"},
		"odd set":        {strings.Replace(whole, `"keeper":12`, `"keeper":99`, 1), "line 2: keeper 99"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.ndjson")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(file)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.ndjson") {
				t.Errorf("got %v, want the file's name and %q", err, c.want)
			}
		})
	}
}

func TestOpenTakesKindsOfLaterVersions(t *testing.T) {
	lines := strings.SplitAfter(render(t, sample.Scan(), FormatNDJSON, Style{}), "\n")
	text := lines[0] + "{\"new\":1,\"kind\":\"weather\"}\n" + strings.Join(lines[1:], "")
	var got schema.Loaded
	err := readLines(strings.NewReader(text), &got, func(s schema.Set) error { got.AllSets = append(got.AllSets, s); return nil })
	if err != nil || len(got.AllSets) != 2 {
		t.Errorf("%d sets, %v", len(got.AllSets), err)
	}
}

func TestOpenReadsPipes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer w.Close()
		_ = Write(w, sample.Scan(), FormatNDJSON, Style{})
	}()
	f := &File{name: "pipe", file: r}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	if render(t, f, FormatJSON, Style{}) != render(t, sample.Scan(), FormatJSON, Style{}) {
		t.Error("a pipe gives another result than the file")
	}
}

func TestSetsOfAFileStopEarlyAndStartAgain(t *testing.T) {
	f := save(t, sample.Scan(), FormatJSON)
	for range 2 {
		for s, err := range f.Sets() {
			if err != nil || s.Size != 6000 {
				t.Fatalf("%v, %v", s.Size, err)
			}
			break
		}
	}
}

func merged(t *testing.T, sources ...schema.Source) *schema.Loaded {
	t.Helper()
	src, err := Merge(sources)
	if err != nil {
		t.Fatal(err)
	}
	return src.(*schema.Loaded)
}

func TestMergeJoinsSetsOfOneDevice(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 2, "x"))
	b := sample.OneSet("h", "/b", 1, sample.Inode(1, schema.ActionKeep, 1, "/a/k"), sample.Inode(2, schema.ActionLink, 2, "y"), sample.Inode(3, schema.ActionLink, 1, "z"))
	got := merged(t, a, b)
	if len(got.AllSets) != 1 || len(got.AllSets[0].Inodes) != 3 {
		t.Fatalf("got %+v", got.AllSets)
	}
	s := got.AllSets[0]
	if p := s.Inodes[1].Paths; len(p) != 2 || p[0].Text != "/a/x" || p[1].Text != "/b/y" {
		t.Errorf("names of inode 2: %v", p)
	}
	if s.Inodes[1].Reason != "" || s.ReclaimableBytes != 8192 {
		t.Errorf("both scans together know every name of inode 2: %+v", s)
	}
	sum := got.Doc.Summary
	want := schema.Summary{
		Files: 4, Sets: 1, DuplicateInodes: 2, RedundantBytes: 8192, ReclaimableBytes: 8192, Replacements: 3, Skipped: 2,
		HeldBack: map[string]int64{"owner": 6}, SkippedReasons: map[string]int64{"x": 2},
	}
	if !reflect.DeepEqual(sum, want) {
		t.Errorf("summary %+v, want %+v", sum, want)
	}
	if s.Host != "" || got.Doc.Run.Roots[1].Text != "/b" || got.AllSkipped[0].Text != "/a/skip" {
		t.Errorf("host %q, roots %v, skipped %v", s.Host, got.Doc.Run.Roots, got.AllSkipped)
	}
}

// A name that two scans met is replaced once.
func TestMergeCountsReplacementsOnce(t *testing.T) {
	scan := func() *schema.Loaded {
		s := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 2, "x", "y"), sample.Inode(3, schema.ActionLink, 1, "z"), sample.Inode(4, schema.ActionHold, 1, "h"))
		s.Doc.Summary.Replacements = 3
		return s
	}
	if got := merged(t, scan(), scan()).Doc.Summary.Replacements; got != 3 {
		t.Errorf("%d names, want 3", got)
	}
	shared := scan()
	shared.AllSets[0].Link = decide.LinkReflink.String()
	if got := replacements(&shared.AllSets[0]); got != 2 {
		t.Errorf("%d files, want 2", got)
	}
}

// TestMergeKeepsRules: no rule that a scan asked for is given up.
func TestMergeKeepsRules(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	b := sample.OneSet("h", "/b", 1, sample.Inode(3, schema.ActionKeep, 1, "k"), sample.Inode(4, schema.ActionLink, 1, "x"))
	a.Doc.Run.Match, b.Doc.Run.Match = []string{"owner", "mode"}, []string{"mode", "xattr"}
	if got := merged(t, a, b).Doc.Run.Match; !slices.Equal(got, []string{"owner", "mode", "xattr"}) {
		t.Errorf("got %v", got)
	}
	if !slices.Equal(a.Doc.Run.Match, []string{"owner", "mode"}) {
		t.Errorf("the first scan now says %v", a.Doc.Run.Match)
	}
}

// TestMergeKeepsLinks: scans that ask for different links do not become one of hard links,
// and one file is not joined in two ways.
func TestMergeKeepsLinks(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	b := sample.OneSet("h", "/b", 2, sample.Inode(3, schema.ActionKeep, 1, "k"), sample.Inode(4, schema.ActionLink, 1, "x"))
	b.Doc.Run.Link, b.AllSets[0].Link = "reflink", "reflink"
	got := merged(t, a, b)
	if got.Doc.Run.Link != schema.LinkMixed || got.AllSets[0].Link+got.AllSets[1].Link != "reflink" {
		t.Errorf("the run says %q, the sets %q and %q", got.Doc.Run.Link, got.AllSets[0].Link, got.AllSets[1].Link)
	}
	if text := render(t, got, FormatText, Style{}); strings.Count(text, " · reflink\n") != 1 || strings.Count(text, " · hard\n") != 1 {
		t.Error(text)
	}
	if got := merged(t, b, b).Doc.Run.Link; got != "reflink" {
		t.Errorf("twice the same: %q", got)
	}
	d, e := sample.OneSet("h", "/d", 1, sample.Inode(1, schema.ActionKeep, 1, "k")), sample.OneSet("h", "/e", 2, sample.Inode(3, schema.ActionKeep, 1, "k"))
	d.Doc.Run.Link, e.Doc.Run.Link, e.Doc.Run.Absolute = "symlink", "symlink", true
	if got := merged(t, d, e).Doc.Run.Link; got != schema.LinkMixed {
		t.Errorf("relative and absolute links are %q", got)
	}
	c := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	c.Doc.Run.Link, c.AllSets[0].Link = "symlink", "symlink"
	if _, err := Merge([]schema.Source{a, c}); !errors.Is(err, ErrMixed) || !strings.Contains(err.Error(), "/a/k") {
		t.Errorf("%v", err)
	}
}

// What is stored twice is never less than what can be reclaimed, whether files
// take whole blocks or have holes.
func TestMergeCountsRedundantBytesAsAPlanDoes(t *testing.T) {
	for _, c := range []struct {
		size, want int64
		allocated  []int64
	}{
		{10000, 12288 + 16384, []int64{12288, 4096, 16384}},
		{1 << 40, 4096, []int64{4096, 4096}}, // all holes but a block
		{1000, 1000, []int64{0, 0}},          // among the metadata
		{10000, 10000, []int64{8192, 8192}},  // the end lies elsewhere
	} {
		s := schema.Set{Size: c.size, Inodes: []schema.Inode{{Allocated: 1 << 20, Reason: decide.HoldShared}}}
		for _, n := range c.allocated {
			s.Inodes = append(s.Inodes, schema.Inode{Allocated: n})
		}
		if got := s.Redundant(); got != c.want {
			t.Errorf("size %d, allocated %d: %d bytes, want %d", c.size, c.allocated, got, c.want)
		}
	}
}

func TestMergeKeepsHostsAndDevicesApart(t *testing.T) {
	set := []schema.Inode{sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x")}
	clone := func() []schema.Inode {
		return []schema.Inode{sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x")}
	}
	got := merged(t, sample.OneSet("h", "/a", 1, set...), sample.OneSet("h", "/b", 2, clone()...), sample.OneSet("i", "/a", 1, clone()...))
	if len(got.AllSets) != 3 || got.Doc.Summary.Sets != 3 || len(got.Doc.Filesystems) != 3 {
		t.Fatalf("got %d sets, %d filesystems", len(got.AllSets), len(got.Doc.Filesystems))
	}
	if got.Doc.Run.Host != "h, i" || got.AllSets[2].Host != "i" {
		t.Errorf("hosts %q, %q", got.Doc.Run.Host, got.AllSets[2].Host)
	}
	var b bytes.Buffer
	if err := Write(&b, got, FormatJSON, Style{}); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadJSON(&b); err != nil {
		t.Errorf("a merged report cannot be read back: %v", err)
	}
}
