package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

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

// TestRests: files of this very second rest before they are linked, unless the user says how old
// they must be.
func TestRests(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  time.Duration
	}{{nil, dedupe.DefaultRest}, {[]string{"--min-age", "0s"}, 0}, {[]string{"--min-age", "1d"}, 0}} {
		opts, flags := newDedupeOptions(), pflag.NewFlagSet("", pflag.ContinueOnError)
		opts.addFlags(flags)
		if err := flags.Parse(c.flags); err != nil {
			t.Fatal(err)
		}
		j, err := opts.check(&app{}, []string{t.TempDir()}, flags.Changed)
		if err != nil || j.rest != c.want {
			t.Errorf("%q: %v, %v", c.flags, j.rest, err)
		}
	}
}
