package decide

import (
	"strings"
	"testing"
)

func TestParseMatch(t *testing.T) {
	for list, want := range map[string]Match{
		"none":                              MatchNone,
		"all":                               MatchAll,
		"owner":                             MatchOwner,
		"owner,group,mode,xattr":            MatchDefault,
		"xattr,mode,group,owner":            MatchDefault,
		"mtime,name,mtime":                  MatchMtime | MatchName,
		"owner,group,mode,mtime,xattr,name": MatchAll,
	} {
		got, err := ParseMatch(list)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", list, got, err, want)
		}
	}
	for _, list := range []string{"", ",", "owner,", "none,owner", "all,none", "owner,all", "owner, group", "Owner", "size"} {
		if got, err := ParseMatch(list); err == nil {
			t.Errorf("%q: taken as %v", list, got)
		}
	}
}

// TestMatchRoundTrip: every one of the 64 sets of rules survives being told.
func TestMatchRoundTrip(t *testing.T) {
	for m := MatchNone; m <= MatchAll; m++ {
		if got, err := ParseMatch(m.String()); err != nil || got != m {
			t.Errorf("%06b as %q: %06b, %v", m, m, got, err)
		}
	}
}

func FuzzParseMatch(f *testing.F) {
	for _, list := range []string{"none", "all", "owner", "owner,,mode", " xattr , name", "\xff", "none,none"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		m, err := ParseMatch(list)
		if err != nil {
			if m != 0 {
				t.Errorf("%q: an error and %v", list, m)
			}
			return
		}
		if m > MatchAll {
			t.Fatalf("%q: unknown bits %b", list, m)
		}
		again, err := ParseMatch(m.String())
		if err != nil || again != m {
			t.Errorf("%q is %q, which is %v, %v", list, m, again, err)
		}
	})
}

func TestParseKeep(t *testing.T) {
	for k := KeepMostLinks; k <= KeepFirst; k++ {
		if got, err := ParseKeep(k.String()); err != nil || got != k {
			t.Errorf("%v: %v, %v", k, got, err)
		}
	}
	for _, word := range []string{"", "most", "Oldest", "first,newest"} {
		_, err := ParseKeep(word)
		if err == nil || !strings.Contains(err.Error(), "newest") {
			t.Errorf("%q: %v, want an error that tells what there is", word, err)
		}
	}
}

func TestLinkLimit(t *testing.T) {
	for _, c := range []struct {
		fs   string
		max  uint32
		want uint32
	}{
		{"ext4", 0, 65000}, {"xfs", 0, 1<<31 - 1}, {"btrfs", 0, 65535}, {"tmpfs", 0, 1<<32 - 1}, {"", 0, 1<<32 - 1},
		{"ext4", 10, 10}, {"ext4", 70000, 65000}, {"", 7, 7},
	} {
		if got := (Policy{MaxLinks: c.max}).linkLimit(c.fs); got != c.want {
			t.Errorf("%q, at most %d: %d, want %d", c.fs, c.max, got, c.want)
		}
	}
}
