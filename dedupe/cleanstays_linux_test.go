package dedupe

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCleanStays: a leftover that we may not remove does not count as removed.
func TestCleanStays(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *wreck{
		"file": newWreck,
		"link": func(t *testing.T) *wreck { return newLinkWreck(t, false) },
	} {
		t.Run(name, func(t *testing.T) {
			w := make(t)
			if w.writer != nil {
				w.writer.Close()
			}
			f, err := os.Open(w.dir)
			check(t, err)
			t.Cleanup(func() { f.Close() })
			if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, unix.STATX_ATTR_APPEND); err != nil {
				t.Skip("no append-only directories here: ", err)
			}
			t.Cleanup(func() { check(t, unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, 0)) })
			if got := w.clean(t); got != ReasonImmutable {
				t.Errorf("said %q, want %q", got, ReasonImmutable)
			}
		})
	}
}

// TestCleanBusy: nobody is asked to judge two versions while somebody only has one of them open for
// writing, and none of them is moved.
func TestCleanBusy(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *wreck{
		"file": func(t *testing.T) *wreck { w := newWreck(t); check(t, w.writer.Close()); return w },
		"link": func(t *testing.T) *wreck { return newLinkWreck(t, true) },
	} {
		t.Run(name, func(t *testing.T) {
			w := make(t)
			h, r := openNow(openDir(t, w.dir), "keeper")
			if r != nil {
				t.Fatal(r.reason, r.err)
			}
			if h.close(); !h.leased {
				t.Skip("no leases here")
			}
			f, err := os.OpenFile(filepath.Join(w.dir, "name"), os.O_WRONLY, 0)
			check(t, err)
			if got := w.clean(t); got != ReasonBusy {
				t.Errorf("said %q, want %q", got, ReasonBusy)
			}
			w.wants(t, w.tmp, "content")
			if w.isLink("name") != (name == "link") {
				t.Error("the name was given back")
			}
			check(t, f.Close())
			if got := w.clean(t); got != "" {
				t.Errorf("it stays: %q", got)
			}
		})
	}
}

// TestGiveBackTaken: a name that somebody has given another file meanwhile keeps that.
func TestGiveBackTaken(t *testing.T) {
	w := newWreck(t)
	dir := openDir(t, w.dir)
	keeper, r := openNow(dir, "name")
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	t.Cleanup(keeper.close)
	put(t, w.dir, "other", "other", 3)
	check(t, os.Rename(filepath.Join(w.dir, "other"), filepath.Join(w.dir, "name")))
	exchanges(t, w.dir)
	if reason, err := giveBack(dir, w.tmp, "name", keeper); reason != ReasonKept || err != nil {
		t.Errorf("%q, %v", reason, err)
	}
	w.wants(t, "name", "other")
	w.wants(t, w.tmp, "content")
}

// TestGiveBackUnknown: where names cannot be exchanged the user is told what can be done (errKept), and
// not the system's word for that.
func TestGiveBackUnknown(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "above/below", "content", 1)
	if reason, err := giveBack(openDir(t, dir), "above", "above/below", nil); reason != ReasonKept || err != nil {
		t.Errorf("%q, %v", reason, err)
	}
}

// TestCleanCopy: a copy in the making goes with the names that it was made under only; neither
// what has got a name of the user's goes, nor the file that was to be copied.
func TestCleanCopy(t *testing.T) {
	tmp := temporaryName("0123abcd")
	for name, c := range map[string]struct {
		names    []string // beside the first
		isKeeper bool
		stays    bool
	}{
		"its only name":         {nil, false, false},
		"its second, too":       {[]string{tmp}, false, false},
		"the user's":            {[]string{"name"}, false, true},
		"both":                  {[]string{tmp, "name"}, false, true},
		"the file to be copied": {nil, true, true},
	} {
		for _, isTaken := range []bool{false, true} { // the second name, by another file
			if isTaken && len(c.names) > 0 && c.names[0] == tmp {
				continue
			}
			dir, first := t.TempDir(), unfinished(tmp)
			put(t, dir, first, "copy", 1, c.names...)
			if isTaken {
				put(t, dir, tmp, "other", 1)
			}
			o := &origin{isCopy: true}
			if c.isKeeper {
				o.keeper = statOf(t, dir, first).Ino
			}
			reason, err := cleanCopy(openDir(t, dir), first, o)
			_, gone := os.Lstat(filepath.Join(dir, first))
			if (reason == ReasonKept) != c.stays || (gone == nil) != c.stays || err != nil {
				t.Errorf("%s, taken %v: %q, %v, %v", name, isTaken, reason, err, gone)
			}
		}
	}
}
