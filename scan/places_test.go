package scan

import "testing"

// TestLeadAstray: a way out of a directory with two places may lead to the same end from both.
func TestLeadAstray(t *testing.T) {
	for _, c := range []struct {
		places   places
		from, to string
		want     bool
	}{
		{places{"/d/music", "/d/srv/shared/music"}, "/d/music", "/d/kept", true},
		{places{"/d/srv/shared/music", "/d/music"}, "/d/music", "/d/kept", false}, // that is the other way round
		{places{"/d/one", "/d/two"}, "/d/one/sub", "/d/kept", false},              // as deep, and side by side
		{places{"/d/one", "/e/two"}, "/d/one", "/d/kept", true},
		{places{"/d/one", "/e/two"}, "/d/one", "/d/one/sub", false},
		{places{"/d/one", "/e/deep/two"}, "/d/one/a", "/d/one/b", false},
		{places{"/d/one", "/e/two"}, "/d/one2", "/d/kept", false},
		{places{"/", "/e/two"}, "/d/one", "/d/kept", false},
		{places{"/d/one", "/"}, "/d/one/a", "/d/kept", true},
	} {
		if got := c.places.leadAstray(c.from, c.to); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
