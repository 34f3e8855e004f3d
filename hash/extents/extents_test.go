package extents

import "testing"

const mib = 1 << 20

// same reports whether two files lie in the very same places, by what both are known by.
func same(a, b []Extent, size int64) bool {
	return Settled(a, size) && Settled(b, size) && string(AppendKey(nil, a)) == string(AppendKey(nil, b))
}

func TestSame(t *testing.T) {
	whole := []Extent{{0, 8 * mib, 4 * mib, Last | Shared}}
	pieces := []Extent{{0, 8 * mib, mib, Shared}, {mib, 9 * mib, 3 * mib, Last}}
	with := func(f Flags) []Extent { return []Extent{{0, 8 * mib, 4 * mib, Last | f}} }
	for _, c := range []struct {
		name string
		a, b []Extent
		want bool
	}{
		{"the same", whole, whole, true},
		{"cut differently", whole, pieces, true},
		{"another place", whole, []Extent{{0, 9 * mib, 4 * mib, Last}}, false},
		{"shorter", whole, []Extent{{0, 8 * mib, 3 * mib, Last}}, false},
		{"a hole", whole, []Extent{{0, 8 * mib, mib, 0}, {2 * mib, 10 * mib, 2 * mib, Last}}, false},
		{"the same holes", []Extent{{mib, 8 * mib, mib, Last}}, []Extent{{mib, 8 * mib, mib, Last}}, true},
		{"shifted", []Extent{{0, 8 * mib, mib, Last}}, []Extent{{mib, 8 * mib, mib, Last}}, false},
		{"nothing", nil, nil, false},
		{"beyond the end", []Extent{{4 * mib, mib, mib, Last}}, []Extent{{4 * mib, mib, mib, Last}}, false},
		{"unknown", with(Unknown), with(Unknown), false},
		{"delalloc", with(Delalloc | Unknown), with(Delalloc | Unknown), false},
		{"inline", with(Inline | Unaligned), with(Inline | Unaligned), false},
		{"unwritten", with(Unwritten), with(Unwritten), false},
		{"compressed", with(Encoded), with(Encoded), false},
		{"of a flag to come", with(1 << 20), with(1 << 20), false},
	} {
		if got := same(c.a, c.b, 4*mib); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestBytes(t *testing.T) {
	list := []Extent{{0, 0, mib, Delalloc | Unknown}, {mib, 7 * mib, 2 * mib, Shared}, {3 * mib, mib, 4 * mib, Last}}
	if SharedBytes(list) != 2*mib {
		t.Errorf("shared %d", SharedBytes(list))
	}
	if first := First(list); first != 7*mib {
		t.Errorf("first %d", first)
	}
	if first := First(list[:1]); first != 0 {
		t.Errorf("%d is the place of what has none", first)
	}
	if AllShared(list) || AllShared(nil) || !AllShared(list[1:2]) {
		t.Error("AllShared")
	}
}
