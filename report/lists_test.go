package report

import (
	"encoding/base64"
	"encoding/csv"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// names returns all names of a source in order.
func names(src schema.Source) [][]string {
	var sets [][]string
	for set := range src.Sets() {
		var paths []string
		for _, in := range set.Inodes {
			for _, p := range in.Paths {
				paths = append(paths, p.Raw())
			}
		}
		sets = append(sets, paths)
	}
	return sets
}

func TestFdupesWithNullIsLossless(t *testing.T) {
	text := render(t, sample.Scan(), FormatFdupes, Style{Null: true})
	var want []string
	for _, paths := range names(sample.Scan()) {
		want = append(want, strings.Join(paths, "\x00")+"\x00")
	}
	if text != strings.Join(want, "\x00") {
		t.Errorf("%q", text)
	}
}

func TestFdupes(t *testing.T) {
	src := sample.Scan()
	src.AllSets[1].Inodes[0].Paths = []schema.Path{schema.NewPath("r\xffaw\x1b")}
	want := "b/copy\na/one\na/two\nb/elsewhere\nc/theirs\nd/x\nd/y\n\nr\xffaw\x1b\nother\n"
	if got := render(t, src, FormatFdupes, Style{}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCSVIsLossless(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(render(t, sample.Scan(), FormatCSV, Style{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	var got []string
	for _, row := range rows[1:] {
		name := row[column["path"]]
		if b64 := row[column["path_b64"]]; b64 != "" {
			raw, err := base64.StdEncoding.DecodeString(b64)
			if err != nil {
				t.Fatal(err)
			}
			name = string(raw)
		}
		got = append(got, row[column["set"]]+" "+name)
	}
	var want []string
	for i, paths := range names(sample.Scan()) {
		for _, p := range paths {
			want = append(want, []string{"1 ", "2 "}[i]+p)
		}
	}
	if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		t.Errorf("%q\nwant %q", got, want)
	}
	if r := rows[1]; r[column["mode"]] != "4755" || r[column["inode"]] != "11" || r[column["action"]] != "link" {
		t.Errorf("row %q", r)
	}
}

// TestCSVTellsFilesApart: host, device and inode of each row are those of its own file.
func TestCSVTellsFilesApart(t *testing.T) {
	away := sample.Inode(2, schema.ActionLink, 1, "x")
	away.Device = 9
	src := merged(t, sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), away), sample.OneSet("i", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x")))
	rows, err := csv.NewReader(strings.NewReader(render(t, src, FormatCSV, Style{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, r := range rows[1:] {
		told[strings.Join([]string{r[len(r)-1], r[3], r[5]}, " ")] = true
	}
	for _, want := range []string{"h 1 1", "h 9 2", "i 1 1", "i 1 2"} {
		if !told[want] {
			t.Errorf("no host, device and inode %s in %v", want, told)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]Format{
		"a.json": FormatJSON, "x/b.NDJSON": FormatNDJSON, "c.csv": FormatCSV, "d.e.txt": FormatText,
		"noext": "", "x.foo": "", ".json/x": "", "": "",
	} {
		if got, err := formatOf(file); got != want || (err == nil) != (want != "") {
			t.Errorf("formatOf(%q) = %q, %v", file, got, err)
		}
	}
}

// What a terminal could obey reaches it in no format.
func TestNothingToObeyOnATerminal(t *testing.T) {
	obeyed := func(text string) []int {
		var at []int
		for i, r := range text {
			if r != '\n' && show.IsHostile(r) || r == utf8.RuneError {
				at = append(at, i)
			}
		}
		return at
	}
	src := sample.Scan()
	src.AllSets[0].Inodes[0].Paths = append(src.AllSets[0].Inodes[0].Paths, schema.NewPath("\u009b31m"), schema.NewPath("\x7f"), schema.NewPath("\u202e"), schema.NewPath("\U000e0041"), schema.NewPath("\xff"))
	src.AllSets[0].Inodes[0].Reason = "\x1b]0;"
	for f := range writers() {
		text := render(t, src, f, Style{Terminal: true, Null: f != FormatFdupes})
		text = strings.ReplaceAll(text, "\ufffd", "") // stands for a byte that is not UTF-8
		if at := obeyed(text); len(at) > 0 {
			t.Errorf("%s: at %v: %q", f, at, text[at[0]:min(at[0]+20, len(text))])
		}
	}
	if text := render(t, src, FormatFdupes, Style{}); !strings.Contains(text, "\u009b31m\n") {
		t.Error("a pipe gets other bytes than the name has")
	}
}

// A saved scan may be somebody else's: any word of it may be a trap.
func TestNothingToObeyInASavedScan(t *testing.T) {
	src := sample.Scan()
	for _, link := range []string{"mixed", "reflink"} {
		for _, action := range []string{schema.ActionScan, schema.ActionPlan, schema.ActionDedupe} {
			for _, part := range []any{&src.Doc, &src.AllSets, &src.AllSkipped, &src.AllDirectories} {
				taint(reflect.ValueOf(part).Elem())
			}
			src.Doc.Run.Link, src.Doc.Run.Action = link, action
			for f := range writers() {
				text := strings.ReplaceAll(render(t, src, f, Style{Terminal: true, Verbose: true}), "\ufffd", "")
				if f == FormatHTML {
					text = strings.ReplaceAll(text, `\u001b`, "\x1b") // the page's own data
				}
				i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && show.IsHostile(r) })
				if i >= 0 {
					t.Errorf("%s, %s, %s: %q", f, link, action, text[max(0, i-60):min(i+20, len(text))])
				}
			}
		}
	}
}

// taint puts what a terminal obeys into every text there is.
func taint(v reflect.Value) {
	const trap = "\x1b[2J\u009b\u202e"
	switch v.Kind() {
	case reflect.String:
		v.SetString(trap)
	case reflect.Slice:
		for i := range v.Len() {
			taint(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			taint(v.Elem())
		}
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			one := reflect.New(v.Type().Elem()).Elem()
			taint(one)
			if one.Kind() == reflect.Int64 {
				one.SetInt(5)
			}
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(trap).Convert(v.Type().Key()), one)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				taint(field)
			}
		}
	}
}
