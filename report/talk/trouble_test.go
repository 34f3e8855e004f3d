package talk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

func TestTroubles(t *testing.T) {
	var out strings.Builder
	told := NewTroubles(&out, false)
	told.Skip(scan.Skip{Path: "a\x1b/b\n", Reason: "cannot be read", Err: &fs.PathError{Op: "open", Path: "a\x1b", Err: syscall.EACCES}})
	told.Skip(scan.Skip{Path: "by design", Reason: "marked .nodedupe"})
	told.Outcome(dedupe.Outcome{Path: "busy", Kind: dedupe.Skipped, Reason: "open for writing"})
	told.Outcome(dedupe.Outcome{Path: "l", Kind: dedupe.Failed, Reason: "system call failed", Err: &os.LinkError{Op: "link", Old: "x\x1b", New: "y", Err: syscall.EIO}})
	told.Outcome(dedupe.Outcome{Path: "m", Kind: dedupe.Failed, Reason: "the keeper cannot be used"})
	told.Fatal(errors.New("no PATH given"), "name one")
	want := `oneinode: a\x1b/b\n: cannot be read: permission denied (` + asOwner(os.Geteuid()) + `, or leave it out with --exclude)
oneinode: l: system call failed: input/output error (the disk may be failing: see the kernel log)
oneinode: m: the keeper cannot be used
oneinode: no PATH given
hint: name one
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestHintsAreToldOnce: of many paths with one trouble the first has the hint; lines of
// JSON are read one by one, and each has it.
func TestHintsAreToldOnce(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out strings.Builder
		told := NewTroubles(&out, asJSON)
		for _, err := range []error{syscall.EACCES, syscall.EACCES, syscall.EIO, syscall.EACCES, syscall.EIO} {
			told.Skip(scan.Skip{Path: "a", Reason: "cannot be read", Err: err})
		}
		want := map[bool]string{true: "yyyyy", false: "ynynn"}[asJSON]
		var got strings.Builder
		for line := range strings.Lines(out.String()) {
			got.WriteString(show.Choose(strings.Contains(line, "as its owner") || strings.Contains(line, "kernel log"), "y", "n"))
		}
		if got.String() != want {
			t.Errorf("JSON %v: %s, want %s:\n%s", asJSON, got.String(), want, out.String())
		}
	}
}

// TestHintWhatIsFull: where a quota is used up the filesystem may have room in plenty, and where
// inodes are, blocks.
func TestHintWhatIsFull(t *testing.T) {
	for _, c := range []struct {
		err  error
		word string
	}{{syscall.ENOSPC, "df -i"}, {syscall.ENOSPC, "directory"}, {syscall.EDQUOT, "quota of its owner"}, {syscall.EFBIG, "ulimit -f"}} {
		var out strings.Builder
		NewTroubles(&out, false).Outcome(dedupe.Outcome{Path: "a", Kind: dedupe.Failed, Reason: dedupe.ReasonFull, Err: c.err})
		if !strings.Contains(out.String(), c.word) {
			t.Errorf("%v: %q tells nothing of %q", c.err, out.String(), c.word)
		}
	}
}

// TestMessagesAreEscaped: names in errors, hints and notes, whoever put them there.
func TestMessagesAreEscaped(t *testing.T) {
	var out strings.Builder
	told := NewTroubles(&out, false)
	raw := &fs.PathError{Op: "open", Path: "x\x1b[31m\ny\xff", Err: syscall.ENOENT}
	told.Fatal(raw, "its target is \u202e")
	told.Fatal(errors.Join(fmt.Errorf("cannot lock: %w", raw), show.PathError("a\\b\n", syscall.EIO)), "")
	told.Fatal(fmt.Errorf("%w: %w", errors.New("two"), errors.New("\a")), "")
	told.Note("cache \x1bc: off")
	want := `oneinode: open x\x1b[31m\ny\xff: no such file or directory
hint: its target is \u202e
oneinode: cannot lock: open x\x1b[31m\ny\xff: no such file or directory
oneinode: a\\b\n: input/output error
oneinode: two: \x07
oneinode: cache \x1bc: off
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// What the system says is told once, and all that may be behind an EPERM.
func TestTroubleSaysPermissionOnce(t *testing.T) {
	for reason, causes := range map[string][]string{
		dedupe.ReasonPermission: {"(it may be ", "lsattr", "fs.protected_hardlinks", "owner or group"}, dedupe.ReasonImmutable: {"(lsattr ", "chattr -i"},
	} {
		var out strings.Builder
		NewTroubles(&out, false).Outcome(dedupe.Outcome{Path: "p", Kind: dedupe.Failed, Reason: reason, Err: syscall.EPERM})
		if head := "oneinode: p: " + reason + " " + causes[0]; !strings.HasPrefix(out.String(), head) {
			t.Errorf("%q, want %q…", out.String(), head)
		}
		for _, cause := range causes {
			if !strings.Contains(out.String(), cause) {
				t.Errorf("%q: no %s", out.String(), cause)
			}
		}
		if strings.Contains(out.String(), "fs.") == (reason == dedupe.ReasonImmutable) {
			t.Errorf("%q guesses at what is known", out.String())
		}
	}
}

// What the program itself adds to a missing right is told with it.
func TestTroubleSaysWhatStays(t *testing.T) {
	for _, reason := range []string{dedupe.ReasonPermission, dedupe.ReasonBusy} {
		var out strings.Builder
		err := errors.New("operation not permitted; the temporary name \"t\" stays until the next run")
		NewTroubles(&out, false).Outcome(dedupe.Outcome{Path: "p", Kind: dedupe.Failed, Reason: reason, Err: err})
		if want := "oneinode: p: " + reason + ": " + err.Error() + "\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}

// A path that each undo leaves alone stays so until somebody splits it.
func TestTroubleThatAnotherUndoHas(t *testing.T) {
	for reason, way := range map[string]string{
		dedupe.ReasonEdited:  " (oneinode split gives it its own copy of what it holds now)",
		dedupe.ReasonNotOurs: " (with the rights of root (CAP_CHOWN), oneinode split gives it its own copy)",
	} {
		var out strings.Builder
		told := NewTroubles(&out, false)
		for _, p := range []string{"p", "q"} {
			told.Path(p, reason, syscall.EPERM)
		}
		system := ": operation not permitted"
		if want := "oneinode: p: " + reason + system + way + "\noneinode: q: " + reason + system + "\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}

// Thousands of paths may be gone with one directory, and any number with a filesystem.
func TestTroubleOfDirectories(t *testing.T) {
	var out strings.Builder
	told := NewTroubles(&out, false)
	for _, p := range []string{"/a/p", "/a/q", "/b/p"} {
		told.Path(p, dedupe.ReasonDirGone, syscall.ENOENT)
		told.Path(p, dedupe.ReasonDirAway, nil)
	}
	gone := ": " + dedupe.ReasonDirGone + ": no such file or directory"
	want := "oneinode: /a" + gone + " (if it was moved, oneinode split -r gives the files in it their own copies)\n" +
		"oneinode: /a: " + dedupe.ReasonDirAway + " (mount it at that place again if it is elsewhere now; further ones that are not there are not listed)\n" +
		"oneinode: /b" + gone + "\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// A git gc removes hundreds of directories side by side.
func TestTroubleOfManyDirectories(t *testing.T) {
	var out strings.Builder
	told := NewTroubles(&out, false)
	dir := t.TempDir()
	for i := range 256 {
		told.Path(fmt.Sprintf("%s/%02x/p", dir, i), dedupe.ReasonDirGone, syscall.ENOENT)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := "oneinode: " + dir + ": " + moreGone; len(lines) != mostGone || lines[mostGone-1] != want {
		t.Errorf("got\n%swant %d lines, the last %q", out.String(), mostGone, want)
	}
}

// toldOfThree tells of names in two directories that could not be linked.
func toldOfThree(reason string, err error) string {
	var out strings.Builder
	told := NewTroubles(&out, false)
	for _, p := range []string{"/a/p", "/a/q", "/b/p"} {
		told.Outcome(dedupe.Outcome{Kind: dedupe.Failed, Path: p, Reason: reason, Err: err})
	}
	return out.String()
}

// A module cache of Go is read-only to its owner, and has thousands of files.
func TestTroubleOfDeniedDirectories(t *testing.T) {
	got := toldOfThree(decide.ReasonDirDenied, syscall.EACCES)
	denied := ": " + decide.ReasonDirDenied + ": permission denied"
	want := "oneinode: /a/p" + denied + " (" + asOwner(os.Geteuid()) + "; the owner may need chmod u+w first; of each such directory one path is listed)\n" +
		"oneinode: /b/p" + denied + "\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A disk that fails in the middle of a run leaves thousands of files on a read-only filesystem.
func TestTroubleOfReadOnly(t *testing.T) {
	text := toldOfThree(decide.ReasonReadOnly, syscall.EROFS)
	if strings.Count(text, "\n") != 2 || !strings.HasPrefix(text, "oneinode: /a/p: read-only filesystem (if its disk failed, the kernel log says so; ") {
		t.Errorf("got\n%s", text)
	}
}

// A kept tree that is moved leaves all its links broken.
func TestTroubleOfBrokenLinks(t *testing.T) {
	text := toldOfThree(dedupe.ReasonBroken, syscall.ENOENT)
	if strings.Count(text, "\n") != 2 || strings.Count(text, "put the file back") != 1 {
		t.Errorf("got\n%s", text)
	}
}

func TestTroublesAsJSON(t *testing.T) {
	var out strings.Builder
	told := NewTroubles(&out, true)
	told.Skip(scan.Skip{Path: "a\xff", Reason: "cannot be read", Err: syscall.EACCES})
	told.Fatal(errors.New("e"), "")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var first trouble
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Raw() != "a\xff" || first.Level != "error" || first.Error != "permission denied" {
		t.Errorf("%s (%v)", lines[0], err)
	}
	if len(lines) != 2 || lines[1] != `{"level":"fatal","error":"e"}` {
		t.Errorf("%q", lines)
	}
}

type hinted struct{ error }

func (h hinted) Unwrap() error { return h.error }

// Joined errors keep a line each, also with a hint around them.
func TestFatalOfJoinedErrors(t *testing.T) {
	var out strings.Builder
	NewTroubles(&out, false).Fatal(hinted{errors.Join(errors.New("one\n"), errors.New("two"))}, "h")
	if want := "oneinode: one\\n\noneinode: two\nhint: h\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// Only commands that search have --exclude.
func TestHintNamesOwnFlags(t *testing.T) {
	var out strings.Builder
	troubles := NewTroubles(&out, false)
	troubles.Skip(scan.Skip{Path: "a", Reason: scan.ReasonUnreadable, Err: syscall.EACCES})
	troubles.Path("a", dedupe.ReasonPermission, syscall.EACCES)
	owner := "permission denied (" + asOwner(os.Geteuid())
	if want := "oneinode: a: cannot be read: " + owner + ", or leave it out with --exclude)\noneinode: a: " + owner + ")\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// Root is not told to run as root.
func TestAsOwner(t *testing.T) {
	if got := asOwner(0); got != "run as its owner" {
		t.Errorf("root: %q", got)
	}
	if got := asOwner(1000); got != "run as its owner or as root" {
		t.Errorf("user: %q", got)
	}
}

// What a terminal could obey reaches it in no line of JSON.
func TestNothingToObeyInTheLog(t *testing.T) {
	var log strings.Builder
	troubles := NewTroubles(&log, true)
	troubles.Outcome(dedupe.Outcome{Path: "\u009b\x7f", Kind: dedupe.Failed, Err: errors.New("\u202e")})
	troubles.Fatal(errors.New("\u009b"), "\U000e0041")
	isObeyed := func(r rune) bool { return r != '\n' && show.IsHostile(r) }
	if text := log.String(); strings.ContainsFunc(text, isObeyed) || strings.Count(text, "\n") != 2 {
		t.Errorf("log: %q", text)
	}
}

// TestFold: what is said is handed to the one who knows how wide the terminal is, but not a path
// with spaces, which would break.
func TestFold(t *testing.T) {
	var out strings.Builder
	told := NewTroubles(&out, false)
	told.Fold = func(text string) string { return "<" + text + ">" }
	told.Note("note")
	told.Fatal(errors.New("fatal"), "hint")
	told.Path("one", "gone", nil)
	told.Path("two words", "gone", nil)
	want := "<oneinode: note\n><oneinode: fatal\nhint: hint\n><oneinode: one: gone\n>oneinode: two words: gone\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
