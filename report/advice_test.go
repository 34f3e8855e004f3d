package report

import "testing"

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
