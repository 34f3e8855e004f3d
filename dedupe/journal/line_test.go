package journal

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// samples are records of every kind, with names of every kind.
func samples() []Record {
	when := time.Date(2026, 11, 22, 20, 0, 0, 123456789, time.UTC)
	return []Record{
		{Begin: &Begin{Version: Version, Run: "20261122T200000Z-0123abcd", Kind: KindDedupe, Tool: "oneinode x", Host: "h", PID: 7,
			Started: when, Command: []string{"oneinode", "dedupe", "a b"}, Roots: []Path{"/", "/r\xff\n", "/ü"}}},
		{Set: &Set{Size: 1 << 40, Digest: "blake3:00", Dev: 1<<64 - 1, Keeper: 1<<64 - 1, Path: "/k\x00"}},
		{Old: &Old{Inode: 12, UID: 1<<32 - 1, GID: 2, Mode: 0o107777, Mtime: -1, Atime: 1<<63 - 1, Links: 3,
			Xattrs: map[string][]byte{"user.a": {0, 255, '\n'}, "user.empty": {}}}},
		{Old: &Old{Inode: 13, Missing: true}},
		{Old: &Old{Inode: 14, Xattrs: map[string][]byte{"user.\xff": {1}, "user.\xfe": {2}, "user.\ufffd": {3}, "b64:": {4}, "": {5}}}},
		{Replace: &Replace{Seq: 1, Path: "/a/\xc3\x28", DirDev: 1, DirInode: 2, Temporary: ".oneinode-0123abcd-0123456789abcdef"}},
		{Replace: &Replace{Seq: 1, Path: "/a/b", Again: true}},
		{Done: &Done{Seq: 1, Freed: 4096}},
		{Done: &Done{Seq: 2, Reason: "open for writing"}},
		{Done: &Done{Seq: 3, Reason: "system call failed", Stuck: true}},
		{Undo: &Undo{Seq: 1, Temporary: ".oneinode-0123abcd-0123456789abcdef"}},
		{Undone: &Undone{Seq: 1}},
		{End: &End{Finished: when, Complete: true, Linked: 1, Skipped: 2, Failed: 3, Freed: 4}},
	}
}

func TestLineRoundTrip(t *testing.T) {
	for _, want := range samples() {
		line, err := appendLine([]byte("before"), &want)
		check(t, err)
		line = bytes.TrimPrefix(line, []byte("before"))
		if bytes.Count(line, []byte{'\n'}) != 1 {
			t.Errorf("%q is not one line", line)
		}
		got, err := parseLine(line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", line, err, got, want)
		}
	}
}

// TestLineTorn: a line that was cut at any byte, or has any bit turned, is
// recognised.
func TestLineTorn(t *testing.T) {
	for _, r := range samples() {
		line, _ := appendLine(nil, &r)
		for n := range line {
			if _, err := parseLine(line[:n]); err == nil {
				t.Fatalf("%q passes for a whole line", line[:n])
			}
		}
		for i := range line {
			for bit := range 8 {
				bad := bytes.Clone(line)
				bad[i] ^= 1 << bit
				got, err := parseLine(bad)
				// Hex digits may be written in capitals without meaning another sum.
				if err == nil && !(i < crcLength && strings.EqualFold(string(bad), string(line))) {
					t.Fatalf("%q with byte %d turned passes: %+v", bad, i, got)
				}
			}
		}
	}
}

func TestPathBytes(t *testing.T) {
	names := []string{"", "plain", "\xff\xfe", "a\x00b", "\n", "\"\\", "ü", "\u2028", "\xed\xa0\x80", `{"b64":"eA=="}`, strings.Repeat("\xff", 5000)}
	for b := range 256 {
		names = append(names, string([]byte{'x', byte(b)}))
	}
	for _, name := range names {
		text, err := json.Marshal(Path(name))
		check(t, err)
		var got Path
		if err := json.Unmarshal(text, &got); err != nil || string(got) != name {
			t.Errorf("%q became %s and then %q, %v", name, text, got, err)
		}
	}
}

// FuzzParseLine: no bytes make the parser fail otherwise than with errTorn, and
// what it takes it can write again.
func FuzzParseLine(f *testing.F) {
	for _, r := range samples() {
		line, _ := appendLine(nil, &r)
		f.Add(line)
	}
	f.Add([]byte("00000000 \n"))
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("zzzzzzzz {}\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseLine(line)
		if err != nil {
			if err != errTorn || !reflect.DeepEqual(r, Record{}) {
				t.Fatalf("%v, %+v", err, r)
			}
			return
		}
		again, err := appendLine(nil, &r)
		if err != nil {
			t.Skip("a time that JSON cannot write")
		}
		if got, err := parseLine(again); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%q: %v, %+v", again, err, got)
		}
	})
}

// FuzzPath: every name survives.
func FuzzPath(f *testing.F) {
	f.Add([]byte("a/\xff"))
	f.Fuzz(func(t *testing.T, name []byte) {
		text, err := json.Marshal(Path(name))
		var got Path
		if err != nil || json.Unmarshal(text, &got) != nil || string(got) != string(name) {
			t.Errorf("%q: %s, %q", name, text, got)
		}
	})
}

// TestOldXattrs: a journal from before names were coded.
func TestOldXattrs(t *testing.T) {
	var o Old
	err := json.Unmarshal([]byte(`{"inode":1,"xattrs":{"user.a":"AP8K","b64:no base64":""}}`), &o)
	if err != nil || string(o.Xattrs["user.a"]) != "\x00\xff\n" || len(o.Xattrs) != 2 || o.Xattrs["b64:no base64"] == nil {
		t.Errorf("%v, %q", err, o.Xattrs)
	}
}
