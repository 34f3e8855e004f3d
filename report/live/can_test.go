package live

import (
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestCanLeases: the report says that writers are seen exactly where a run goes by that.
func TestCanLeases(t *testing.T) {
	for _, fs := range []scan.Filesystem{
		{Type: "ext4"}, {Type: "overlay"}, {Type: "ext4", Remote: true}, {Type: "fuse.sshfs"}, {Type: "virtiofs"},
	} {
		if can := canOf(&fs); can.Leases != fs.SeesWriters() || can.Mappings && !can.Leases {
			t.Errorf("%s, remote %v: %+v", fs.Type, fs.Remote, can)
		}
	}
	if can := canOf(&scan.Filesystem{}); can.Leases || can.Mappings {
		t.Errorf("an unknown type: %+v", can)
	}
}
