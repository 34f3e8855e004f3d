package scan

import "testing"

func TestIsTemporary(t *testing.T) {
	const good = TemporaryPrefix + "0123abcd-0123456789abcdef"
	if !isTemporary(good) || len(good) != 35 || TemporaryRun(good) != "0123abcd" {
		t.Errorf("%q is not recognised, run %q", good, TemporaryRun(good))
	}
	for _, name := range []string{
		"", ".oneinode-", good + "0", good[:34], "x" + good[1:], TemporaryPrefix + "0123ABCD-0123456789abcdef",
		TemporaryPrefix + "0123abc.-0123456789abcdef", TemporaryPrefix + "0123abcd_0123456789abcdef", TemporaryPrefix + "0123abcd-0123456789abcdeg",
	} {
		if isTemporary(name) || TemporaryRun(name) != "" {
			t.Errorf("%q is taken for a temporary name", name)
		}
	}
}
