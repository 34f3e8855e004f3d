package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// TestOnCache: that there is no cache is told once, and with -q only where it matters.
func TestOnCache(t *testing.T) {
	unwritable, damaged := errors.New("cannot write"), &cache.DamagedError{Err: errors.New("cut off")}
	for name, c := range map[string]struct {
		quiet, given bool
		errs         []error
		want         string
	}{
		"once":             {errs: []error{unwritable, unwritable}, want: "cannot write"},
		"quiet":            {quiet: true, errs: []error{unwritable}},
		"quiet, damaged":   {quiet: true, errs: []error{unwritable, damaged}, want: "cut off"},
		"quiet, but named": {quiet: true, given: true, errs: []error{unwritable, unwritable}, want: "cannot write"},
	} {
		var out bytes.Buffer
		r := &run{watched: &watched{troubles: talk.NewTroubles(&out, false), quiet: c.quiet}}
		r.cacheGiven = c.given
		for _, err := range c.errs {
			r.onCache(err)
		}
		lines := strings.Count(out.String(), "\n")
		if lines != min(1, len(c.want)) || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %q", name, out.String())
		}
	}
}

// TestConfirm: what may be linked is read again: of a saved scan all, since that narrows
// sets later; a report believes the cache.
func TestConfirm(t *testing.T) {
	if (&run{job: job{action: schema.ActionScan}}).confirm() != nil {
		t.Error("a scan reads again what the cache knows")
	}
	saved := &run{job: job{action: schema.ActionDedupe, wishes: map[scan.ID]dedupe.Wish{}}}
	if confirm := saved.confirm(); confirm == nil || !confirm(nil, nil) {
		t.Error("a set of a saved scan is not read again")
	}
	if (&run{job: job{action: schema.ActionDedupe}}).confirm() == nil {
		t.Error("a dedupe believes the cache")
	}
}

// TestCachePrune: what is forgotten is counted in the words of cache info.
func TestCachePrune(t *testing.T) {
	c := cache.In(t.TempDir())
	if err := c.Update(slices.Values([]cache.Entry{{Ino: 1, Size: 1, Seen: 1}})); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	err = (&app{stdout: out}).cachePrune(c, time.Hour)
	if said, _ := os.ReadFile(out.Name()); err != nil || string(said) != "1 file forgotten\n" {
		t.Errorf("%q, %v", said, err)
	}
}
