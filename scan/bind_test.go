package scan

import "testing"

// TestLeadAstray: a way out of a directory with two places may lead to the same end from both.
func TestLeadAstray(t *testing.T) {
	for _, c := range []struct {
		bind     bind
		from, to string
		want     bool
	}{
		{bind{"/d/music", "/d/srv/shared/music"}, "/d/music", "/d/kept", true},
		{bind{"/d/srv/shared/music", "/d/music"}, "/d/music", "/d/kept", false}, // that is the other way round
		{bind{"/d/one", "/d/two"}, "/d/one/sub", "/d/kept", false},              // as deep, and side by side
		{bind{"/d/one", "/e/two"}, "/d/one", "/d/kept", true},
		{bind{"/d/one", "/e/two"}, "/d/one", "/d/one/sub", false},
		{bind{"/d/one", "/e/deep/two"}, "/d/one/a", "/d/one/b", false},
		{bind{"/d/one", "/e/two"}, "/d/one2", "/d/kept", false},
		{bind{"/d/one", "/e/two"}, "/d/kept", "/d/one/sub", false},
		{bind{"/", "/e/two"}, "/d/one", "/d/kept", false},
		{bind{"/d/one", "/"}, "/d/one/a", "/d/kept", true},
	} {
		if got := c.bind.leadsAstray(c.from, c.to); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
