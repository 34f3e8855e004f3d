package report

import (
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/merge"
	"github.com/oneinode/oneinode/report/schema"
)

func TestBorders(t *testing.T) {
	for name, c := range map[string]struct {
		list []schema.Filesystem
		want int
	}{
		"none":              {nil, 0},
		"two filesystems":   {[]schema.Filesystem{{Device: 1, Mount: "/", Type: "ext4"}, {Device: 2, Mount: "/home", Type: "btrfs"}}, 0},
		"two mounts of one": {[]schema.Filesystem{{Device: 1, Mount: "/"}, {Device: 2, Mount: "/x"}, {Device: 1, Mount: "/srv"}}, 1},
		"two hosts":         {[]schema.Filesystem{{Device: 1, Mount: "/", Host: "a"}, {Device: 1, Mount: "/srv", Host: "b"}}, 0},
		"subvolumes":        {[]schema.Filesystem{{Device: 1, Mount: "/", Type: "btrfs"}, {Device: 2, Mount: "/", Type: "btrfs"}}, 1},
	} {
		if got := bordersIn(c.list); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestBordersOfEach: JSON tells the borders, too, each filesystem its own, and also where
// only a report of several scans shows them.
func TestBordersOfEach(t *testing.T) {
	list := []schema.Filesystem{
		{Device: 1, Mount: "/", Type: "btrfs"}, {Device: 2, Mount: "/", Type: "btrfs"},
		{Device: 1, Mount: "/srv", Type: "btrfs"}, {Device: 3, Mount: "/home", Type: "ext4"},
	}
	want := []string{"mount subvolume", "subvolume", "mount", ""}
	var sources []schema.Source
	for i := range list {
		sources = append(sources, &schema.Loaded{Doc: schema.Document{Filesystems: list[i : i+1 : i+1]}})
	}
	src, err := merge.Sources(sources)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range src.Document().Filesystems {
		if got := strings.Join(f.Apart, " "); got != want[i] {
			t.Errorf("filesystem %d: %q, want %q", i, got, want[i])
		}
	}
	doc := schema.Document{Filesystems: list, Run: schema.Run{Link: "reflink"}}
	if doc.NoteBorders(); doc.Filesystems[0].Apart != nil {
		t.Errorf("for reflinks: %q", doc.Filesystems[0].Apart)
	}
}

// TestSeveralMet: who asks what is there twice hears that equal files of two filesystems are
// not among the answers, on a page, too.
func TestSeveralMet(t *testing.T) {
	inside := []schema.Filesystem{{Device: 1, Mount: "/m", Type: "ext4"}, {Device: 2, Mount: "/m/phone", Type: "xfs"}}
	for name, c := range map[string]struct {
		list []schema.Filesystem
		link string
		want bool
	}{
		"two":                  {inside, "", true},
		"two, reflinks":        {inside, "reflink", true},
		"two, symbolic links":  {inside, "symlink", false},
		"one":                  {inside[:1], "", false},
		"one behind two paths": {[]schema.Filesystem{{Device: 1, Mount: "/m"}, {Device: 1, Mount: "/x"}}, "", false},
		"subvolumes":           {[]schema.Filesystem{{Device: 1, Mount: "/", Type: "btrfs"}, {Device: 2, Mount: "/", Type: "btrfs"}}, "", false},
		"two hosts":            {[]schema.Filesystem{{Device: 1, Mount: "/", Host: "a"}, {Device: 2, Mount: "/srv", Host: "b"}}, "", false},
	} {
		src := &schema.Loaded{Doc: schema.Document{Filesystems: c.list, Run: schema.Run{Action: schema.ActionScan, Link: c.link}}}
		for _, format := range []Format{FormatText, FormatHTML} {
			if text := render(t, src, format, Style{}); strings.Contains(text, "(--link symlink)") != c.want {
				t.Errorf("%s, %s:\n%s", name, format, text)
			}
		}
	}
}
