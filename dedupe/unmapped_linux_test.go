package dedupe

import "testing"

func TestMapsAll(t *testing.T) {
	for table, want := range map[string]bool{
		"         0          0 4294967295\n":                 true,
		"0 0 2147483648\n2147483648 2147483648 2147483647\n": true,
		"         0       1000          1\n":                 false,
		"         0     100000      65536\n":                 false,
		"0 1000 1\n1 100000 65536\n":                         false,
		"":                                                   false,
	} {
		if got := mapsAll(table); got != want {
			t.Errorf("%q: %v", table, got)
		}
	}
}
