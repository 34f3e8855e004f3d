package saved

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

func TestJSONRoundTrip(t *testing.T) {
	want := sample.Scan()
	got, err := Read(strings.NewReader(written(t, WriteJSON, want)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back:\n%+v\nwritten:\n%+v", got, want)
	}
	for i, p := range got.AllSets[1].Inodes[0].Paths {
		if p.Raw() != sample.Hostile[i] {
			t.Errorf("name %q came back as %q", sample.Hostile[i], p.Raw())
		}
	}
}

// The contract names these fields, and scripts rely on them.
func TestJSONHasTheFieldsOfTheSchema(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(written(t, WriteJSON, sample.Scan())), &doc); err != nil {
		t.Fatal(err)
	}
	set := doc["sets"].([]any)[0].(map[string]any)
	inode := set["inodes"].([]any)[0].(map[string]any)
	for where, fields := range map[*map[string]any]string{
		new(doc):         "schema tool run filesystems summary sets skipped",
		sub(doc, "tool"): "name version",
		sub(doc, "run"):  "id host command roots started finished complete",
		sub(doc, "summary"): "files inodes directories bytes_apparent bytes_allocated candidates sets duplicate_inodes redundant_bytes " +
			"reclaimable_bytes held_back linked freed_bytes skipped failed bytes_read seconds",
		new(set):   "size digest device reclaimable_bytes keeper inodes",
		new(inode): "inode links allocated uid gid mode mtime ctime paths action",
		new(doc["skipped"].([]any)[0].(map[string]any)):     "path path_b64 reason error",
		new(doc["filesystems"].([]any)[0].(map[string]any)): "device mount type",
	} {
		for field := range strings.FieldsSeq(fields) {
			if _, ok := (*where)[field]; !ok {
				t.Errorf("field %q is missing in %v", field, *where)
			}
		}
	}
	if inode["mode"] != "4755" || inode["mtime"] != "2023-11-14T22:13:20.000000001Z" {
		t.Errorf("mode %v, mtime %v", inode["mode"], inode["mtime"])
	}
}

func sub(m map[string]any, field string) *map[string]any { return new(m[field].(map[string]any)) }

func TestJSONOfNothingHasListsNotNull(t *testing.T) {
	text := written(t, WriteJSON, &schema.Loaded{Doc: schema.Document{Schema: schema.Number, Filesystems: []schema.Filesystem{}, Run: schema.Run{Roots: []schema.Root{}}, Summary: schema.Summary{HeldBack: map[string]int64{}}}})
	if strings.Contains(text, "null") || !json.Valid([]byte(text)) {
		t.Errorf("%s", text)
	}
	if _, err := Read(strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}

func TestReadJSONRefuses(t *testing.T) {
	whole := written(t, WriteJSON, sample.Scan())
	edit := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("the sample has no %s", old)
		}
		return strings.Replace(whole, old, new, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "too early"},
		{"half", whole[:len(whole)/2], "too early"},
		{"last byte", whole[:len(whole)-2], "too early"},
		{"list", "[]", "one JSON object"},
		{"text", "hello", "not valid JSON"},
		{"trailing", whole + "x", "follows"},
		{"two", whole + whole, "follows"},
		{"schema 2", edit(`"schema":1`, `"schema":2`), "schema 2"},
		{"schema text", edit(`"schema":1`, `"schema":"1"`), "field schema is a string"},
		{"no sets", edit(`"sets":[`, `"other":[`), `"sets" is missing`},
		{"sets twice", edit(`"skipped":[`, `"sets":[`), "twice"},
		{"sets object", `{"sets":{}}`, "list in field sets"},
		{"size text", edit(`"size":6000`, `"size":"6000"`), "sets[0].size is a string"},
		{"size negative", edit(`"size":6000`, `"size":-1`), "below zero"},
		{"size fraction", edit(`"size":6000`, `"size":1.5`), "sets[0].size"},
		{"inode too big", edit(`"inode":11`, `"inode":99999999999999999999`), "sets[0].inodes"},
		{"digest", edit(sample.DigestPrefix+"0a", sample.DigestPrefix+"zz"), "hex digits"},
		{"digest short", edit(sample.DigestPrefix+"0a", sample.DigestPrefix), "hex digits"},
		{"keeper", edit(`"keeper":12`, `"keeper":99`), "keeper 99"},
		{"inode twice", edit(`"inode":11`, `"inode":13`), "twice"},
		{"mode", edit(`"mode":"4755"`, `"mode":"rwx"`), "file mode"},
		{"time", edit(`"mtime":"2023-11-14T`, `"mtime":"2023-11-44T`), "not a time"},
		{"base64", edit(`"path_b64":"`, `"path_b64":"!`), "base64"},
		{"no path", edit(`[{"path":"b/copy"}]`, `[]`), "no path"},
		{"empty path", edit(`"b/copy"`, `""`), "cannot be a path"},
		{"nul", edit(`"b/copy"`, `"b\u0000c"`), "cannot be a path"},
		{"count", edit(`"sets":2`, `"sets":3`), "counts 3 sets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestReadJSONTakesUnknownFieldsAndAnyOrder(t *testing.T) {
	text := written(t, WriteJSON, sample.Scan())
	text = strings.Replace(text, `"size":6000`, `"new":{"deep":[1]},"size":6000`, 1)
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	doc["added"] = json.RawMessage(`[{"x":null}]`)
	sorted, err := json.Marshal(doc) // keys in alphabetical order
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(strings.NewReader(string(sorted)))
	if err != nil || !reflect.DeepEqual(got, sample.Scan()) {
		t.Errorf("error %v, read %+v", err, got)
	}
}

// A file that is cut off at any byte is refused.
func TestReadJSONRefusesEveryCut(t *testing.T) {
	text := strings.TrimSpace(written(t, WriteJSON, sample.Scan()))
	for n := range len(text) {
		if _, err := Read(strings.NewReader(text[:n])); err == nil {
			t.Fatalf("cut after %d of %d bytes was taken", n, len(text))
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add(written(f, WriteJSON, sample.Scan()))
	f.Add(`{"schema":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		first, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := Read(strings.NewReader(written(t, WriteJSON, first)))
		if err != nil {
			t.Fatalf("what was written of it is refused: %v", err)
		}
		if a, b := written(t, WriteJSON, first), written(t, WriteJSON, again); a != b {
			t.Fatalf("it changed on the way:\n%s\n%s", a, b)
		}
	})
}
