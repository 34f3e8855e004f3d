package report

import (
	"strings"
	"testing"
)

func TestBorders(t *testing.T) {
	for name, c := range map[string]struct {
		list []Filesystem
		want int
	}{
		"none":              {nil, 0},
		"two filesystems":   {[]Filesystem{{Device: 1, Mount: "/", Type: "ext4"}, {Device: 2, Mount: "/home", Type: "btrfs"}}, 0},
		"two mounts of one": {[]Filesystem{{Device: 1, Mount: "/"}, {Device: 2, Mount: "/x"}, {Device: 1, Mount: "/srv"}}, 1},
		"two hosts":         {[]Filesystem{{Device: 1, Mount: "/", Host: "a"}, {Device: 1, Mount: "/srv", Host: "b"}}, 0},
		"subvolumes":        {[]Filesystem{{Device: 1, Mount: "/", Type: "btrfs"}, {Device: 2, Mount: "/", Type: "btrfs"}}, 1},
	} {
		if got := bordersIn(c.list); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestBordersOfEach: JSON tells the borders, too, each filesystem its own, and also where
// only a report of several scans shows them.
func TestBordersOfEach(t *testing.T) {
	list := []Filesystem{
		{Device: 1, Mount: "/", Type: "btrfs"}, {Device: 2, Mount: "/", Type: "btrfs"},
		{Device: 1, Mount: "/srv", Type: "btrfs"}, {Device: 3, Mount: "/home", Type: "ext4"},
	}
	want := []string{"mount subvolume", "subvolume", "mount", ""}
	var sources []Source
	for i := range list {
		sources = append(sources, &Saved{doc: Document{Filesystems: list[i : i+1 : i+1]}})
	}
	src, err := Merge(sources)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range src.Document().Filesystems {
		if got := strings.Join(f.Apart, " "); got != want[i] {
			t.Errorf("filesystem %d: %q, want %q", i, got, want[i])
		}
	}
	doc := Document{Filesystems: list, Run: Run{Link: "reflink"}}
	if doc.NoteBorders(); doc.Filesystems[0].Apart != nil {
		t.Errorf("for reflinks: %q", doc.Filesystems[0].Apart)
	}
}
