package journal

import (
	"bytes"
	"os"
	"reflect"
	"testing"
	"time"
)

// TestCountLine: what is counted of a line is the same whether it is decoded or not.
func TestCountLine(t *testing.T) {
	records := append(samples(), replacement(1)...)
	records = append(records, Record{Done: &Done{Seq: 4}}, Record{Done: &Done{Seq: 5, Freed: -1}},
		Record{Undone: &Undone{Seq: 6, Inode: 7}}, Record{Undone: &Undone{Seq: 8, Apart: true}})
	for _, name := range []Path{`,"again":true`, `{"set":`, "\xff\n", `\`, `",\"again\":true,"`} {
		records = append(records, Record{Set: &Set{Path: name, Was: &Look{}}}, Record{Replace: &Replace{Path: name, Target: name}},
			Record{Replace: &Replace{Path: name, Target: name, Again: true}}, Record{Done: &Done{Reason: string(name)}},
			Record{Undo: &Undo{Seq: 9, Temporary: string(name)}}, Record{Undone: &Undone{Seq: 9, Reason: string(name), Apart: true}})
	}
	for _, r := range records {
		line, err := appendLine(nil, &r)
		check(t, err)
		counted, err := countLine(line)
		check(t, err)
		var want, got Info
		want.count(&r)
		if got.count(&counted); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", line, got, want)
		}
	}
}

// TestDescribeReadsLittle: a list of runs does not make records of all that is in their journals.
func TestDescribeReadsLittle(t *testing.T) {
	records := replacements(1000)
	for seq := range int64(1000) {
		records = append(records, Record{Undo: &Undo{Seq: seq + 1, Temporary: ".oneinode-7309e9bd-f936fa2f151d85f7"}}, Record{Undone: &Undone{Seq: seq + 1, Inode: 9994305}})
	}
	path := write(t, t.TempDir(), "run", time.Now(), records...)
	st, err := os.Stat(path)
	check(t, err)
	j := &Journal{path: path}
	used := allocated(t, func() error { return j.describe() })
	if most := uint64(st.Size()) * 2; used > most || j.Info.Linked != 1000 || j.Info.Intended != 1000 || j.Info.Undone != 1000 {
		t.Errorf("%d bytes, want at most %d: %+v", used, most, j.Info)
	}
}

// FuzzDescribe turns bytes of a journal: what is told of it is what all its records tell.
func FuzzDescribe(f *testing.F) {
	whole, err := os.ReadFile(write(f, f.TempDir(), "run", time.Now().UTC(), append(samples()[1:], replacements(3)...)...))
	check(f, err)
	f.Add(uint16(200), byte(1), uint16(900), byte('\n'))
	f.Add(uint16(1), byte(1), uint16(2000), byte(0))
	f.Fuzz(func(t *testing.T, at uint16, turn byte, at2 uint16, turn2 byte) {
		text := bytes.Clone(whole)
		text[int(at)%len(text)] ^= turn
		text[int(at2)%len(text)] ^= turn2
		path := t.TempDir() + "/j"
		check(t, os.WriteFile(path, text, 0o600))
		j, all := &Journal{path: path}, &Journal{path: path}
		if err := j.describe(); err != nil {
			t.Skip("no journal: ", err)
		}
		var want Info
		for r, err := range all.Records() {
			check(t, err)
			want.count(&r)
		}
		want.Torn, want.Damage = all.Info.Torn, all.Info.Damage
		if !reflect.DeepEqual(j.Info, want) || j.good != all.good {
			t.Errorf("got  %+v\nwant %+v", j.Info, want)
		}
	})
}
