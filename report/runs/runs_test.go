package runs

import (
	"strings"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/schema"
)

// What copies take is told of each filesystem by its name, where there are several.
func TestNeedsNameFilesystems(t *testing.T) {
	here := dedupe.Need{Dir: "/srv/a", Names: 1, Bytes: 4096, Free: 1 << 20}
	there := dedupe.Need{Dir: "/srv/b", Names: 2, Bytes: 8192, Unknown: true}
	for _, c := range []struct {
		needs []dedupe.Need
		want  string
	}{
		{[]dedupe.Need{here}, "1 path · needs 4.0 KiB of 1.0 MiB free\n"},
		{[]dedupe.Need{here, there}, "1 path · needs 4.0 KiB of 1.0 MiB free on the filesystem of /srv/a\n2 paths · needs 8.0 KiB on the filesystem of /srv/b\n"},
		{[]dedupe.Need{here, {Names: 1}}, "1 path · needs 4.0 KiB of 1.0 MiB free on the filesystem of /srv/a\n1 path · needs 0 B of 0 B free\n"},
	} {
		var out strings.Builder
		if err := Needs(&out, "", c.needs); err != nil || out.String() != c.want {
			t.Errorf("%v: got %q, %v, want %q", c.needs, out.String(), err, c.want)
		}
	}
}

// What an undo copied takes no room where the filesystem shares it (xfs, btrfs): nothing is said to be used.
func TestCopiesClaimNoRoom(t *testing.T) {
	var out strings.Builder
	err := Copies(&out, dedupe.UndoTotals{Restored: 2, Bytes: 8192}, false)
	if want := "2 paths with a copy of their own again · 8.0 KiB copied · 0 left alone · 0 failed\n"; err != nil || out.String() != want {
		t.Errorf("%q, %v, want %q", out.String(), err, want)
	}
}

// A narrow terminal breaks the table between columns, which it would do within words.
func TestFitTable(t *testing.T) {
	table := runTable([]Info{
		{ID: "20261128T112735Z-9c932512", Kind: "dedupe", State: "partly undone", Linked: 14, Freed: 3 << 20, Roots: []schema.Path{schema.NewPath("/home/a")}},
		{ID: "20261128T112737Z-159b7d04", Kind: "split", State: "complete", Linked: 1, Roots: []schema.Path{schema.NewPath("/home/b")}},
	})
	for width, want := range map[int]string{
		0: table,
		72: `RUN                        KIND    STATE          NAMES  FREED    WHERE
20261128T112735Z-9c932512  dedupe  partly undone  14     3.0 MiB
    /home/a
20261128T112737Z-159b7d04  split   complete       1      -
    /home/b
`,
		50: `RUN                        KIND    STATE
    NAMES  FREED
    WHERE
20261128T112735Z-9c932512  dedupe  partly undone
    14     3.0 MiB
    /home/a
20261128T112737Z-159b7d04  split   complete
    1      -
    /home/b
`,
	} {
		if got := fitTable(table, width); got != want {
			t.Errorf("width %d: got\n%s\nwant\n%s", width, got, want)
		}
	}
}
