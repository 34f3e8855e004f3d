package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// TestUnguardedQuiet: a filesystem without leases is none the worse each night that a mail
// could tell of it.
func TestUnguardedQuiet(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		var said bytes.Buffer
		r := &run{watched: &watched{troubles: talk.NewTroubles(&said, false), quiet: quiet}}
		r.onUnguarded(dedupe.Unguarded{Filesystem: scan.Filesystem{Point: "/net", Type: "nfs"}})
		if told := strings.Contains(said.String(), "/net (nfs): files cannot be leased here"); told == quiet {
			t.Errorf("quiet %v: %q", quiet, said.String())
		}
	}
}
