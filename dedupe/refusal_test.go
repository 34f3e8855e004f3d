package dedupe

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

func TestRefused(t *testing.T) {
	checkRefusals(t, refused, map[syscall.Errno]refusal{
		syscall.EAGAIN:     {kind: Skipped, reason: ReasonBusy},
		syscall.ENOENT:     {kind: Skipped, reason: ReasonChanged},
		syscall.ENXIO:      {kind: Skipped, reason: ReasonChanged},
		syscall.EISDIR:     {kind: Skipped, reason: ReasonChanged},
		syscall.ELOOP:      {kind: Skipped, reason: ReasonMoved},
		syscall.ENOTDIR:    {kind: Skipped, reason: ReasonMoved},
		syscall.EACCES:     {kind: Failed, reason: ReasonPermission},
		syscall.EPERM:      {kind: Failed, reason: ReasonPermission},
		syscall.EROFS:      {kind: Failed, reason: decide.ReasonReadOnly},
		syscall.ENOSPC:     {kind: Failed, reason: ReasonFull},
		syscall.EDQUOT:     {kind: Failed, reason: ReasonFull},
		syscall.EIO:        {kind: Failed, reason: ReasonSystem},
		syscall.EMFILE:     {kind: Failed, reason: ReasonSystem},
		syscall.EXDEV:      {kind: Failed, reason: ReasonSystem},
		syscall.EMLINK:     {kind: Failed, reason: ReasonSystem},
		syscall.EOPNOTSUPP: {kind: Failed, reason: ReasonSystem},
		syscall.ENOSYS:     {kind: Failed, reason: ReasonSystem},
		syscall.EOVERFLOW:  {kind: Failed, reason: ReasonSystem},
	})
}

// TestRefusedName: what a filesystem cannot do shows in the calls on names only.
func TestRefusedName(t *testing.T) {
	checkRefusals(t, func(err error) *refusal { return refusedName(err, -1) }, map[syscall.Errno]refusal{
		syscall.EXDEV:      {kind: Skipped, reason: ReasonOtherMount},
		syscall.EMLINK:     {kind: Skipped, reason: ReasonLinkLimit},
		syscall.EOPNOTSUPP: {kind: Skipped, reason: decide.ReasonNoLinks},
		syscall.ENOSYS:     {kind: Skipped, reason: decide.ReasonNoLinks},
		syscall.EOVERFLOW:  {kind: Skipped, reason: ReasonNoNumber},
		syscall.ENOENT:     {kind: Skipped, reason: ReasonChanged},
		syscall.EACCES:     {kind: Failed, reason: decide.ReasonDirDenied},
		syscall.EPERM:      {kind: Failed, reason: ReasonPermission},
		syscall.ENOSPC:     {kind: Failed, reason: ReasonFull},
		syscall.EIO:        {kind: Failed, reason: ReasonSystem},
	})
}

func checkRefusals(t *testing.T, refused func(error) *refusal, want map[syscall.Errno]refusal) {
	t.Helper()
	for errno, want := range want {
		for _, err := range []error{errno, &os.PathError{Op: "x", Path: "y", Err: errno}, fmt.Errorf("z: %w", errno)} {
			got := refused(err)
			if got.kind != want.kind || got.reason != want.reason || !errors.Is(got.err, errno) {
				t.Errorf("%v: %+v, want %+v", err, got, want)
			}
		}
	}
}

// TestRefusedSymlink: symlink(2) says EPERM of a filesystem, where link(2) means the user.
func TestRefusedSymlink(t *testing.T) {
	checkRefusals(t, func(err error) *refusal { return refusedSymlink(err, -1) }, map[syscall.Errno]refusal{
		syscall.EPERM:        {kind: Skipped, reason: decide.ReasonNoSymlinks},
		syscall.EOPNOTSUPP:   {kind: Skipped, reason: decide.ReasonNoSymlinks},
		syscall.ENAMETOOLONG: {kind: Skipped, reason: decide.ReasonLongTarget},
		syscall.EACCES:       {kind: Failed, reason: decide.ReasonDirDenied},
		syscall.ENOSYS:       {kind: Skipped, reason: decide.ReasonNoSymlinks},
		syscall.ENOSPC:       {kind: Failed, reason: ReasonFull},
	})
}

// TestRefusedOwner: a disk or a quota that is full is no rule on who may give a link away.
func TestRefusedOwner(t *testing.T) {
	checkRefusals(t, refusedOwner, map[syscall.Errno]refusal{
		syscall.EPERM:      {kind: Failed, reason: decide.ReasonLinkOwner},
		syscall.EINVAL:     {kind: Skipped, reason: decide.ReasonLinkOwner},
		syscall.EOPNOTSUPP: {kind: Skipped, reason: decide.ReasonLinkOwner},
		syscall.EDQUOT:     {kind: Failed, reason: ReasonFull},
		syscall.EROFS:      {kind: Failed, reason: decide.ReasonReadOnly},
		syscall.EIO:        {kind: Failed, reason: ReasonSystem},
	})
}

// TestRefusedToShare: here errors say other things than of calls on names.
func TestRefusedToShare(t *testing.T) {
	checkRefusals(t, func(err error) *refusal { return refusedToShare(err, &handle{fd: -1}) }, map[syscall.Errno]refusal{
		syscall.EINVAL:     {kind: Skipped, reason: ReasonCannot},
		syscall.ETXTBSY:    {kind: Skipped, reason: ReasonSwap},
		syscall.EAGAIN:     {kind: Skipped, reason: ReasonSent},
		syscall.EOPNOTSUPP: {kind: Skipped, reason: ReasonNoReflinks},
		syscall.ENOTTY:     {kind: Skipped, reason: ReasonNoReflinks},
		syscall.EDQUOT:     {kind: Failed, reason: ReasonNoRoom},
		syscall.EPERM:      {kind: Failed, reason: ReasonPermission},
		syscall.EIO:        {kind: Failed, reason: ReasonSystem},
	})
}

// TestFailedAs: a file that is gone is no failure, whichever call says so first.
func TestFailedAs(t *testing.T) {
	if r := failedAs(ReasonNotFlushed, syscall.EIO); r.kind != Failed || r.reason != ReasonNotFlushed {
		t.Errorf("%+v", r)
	}
	if r := lost(failedAs(ReasonNotFlushed, syscall.ENOENT)); r.kind != Skipped || !r.needsKeeper() {
		t.Errorf("%+v", r)
	}
}

// TestNeedsKeeper: only a keeper that cannot go on is worth another one.
func TestNeedsKeeper(t *testing.T) {
	for _, c := range []struct {
		r    *refusal
		want bool
	}{
		{lost(skip(ReasonBusy)), true}, {lost(refused(syscall.EIO)), true}, {refusedName(syscall.EMLINK), true},
		{skip(ReasonBusy), false}, {skip(ReasonChanged), false}, {refusedName(syscall.EXDEV), false}, {refused(syscall.ENOSPC), false},
		{lost(skip(ReasonChanged)).leaves("tmp", syscall.EPERM), false},
	} {
		if got := c.r.needsKeeper(); got != c.want {
			t.Errorf("%+v: %v", c.r, got)
		}
	}
	if r := lost(&refusal{Failed, ReasonNotFlushed, syscall.EIO}); !r.needsKeeper() || r.reason != ReasonNotFlushed {
		t.Errorf("%+v", r)
	}
	if r := lost(refused(syscall.EIO)); r.kind != Failed || !errors.Is(r.err, syscall.EIO) {
		t.Errorf("%+v", r)
	}
}

// TestSpare: the second name has the form of the first, is another one, and
// leads back to it, so that a journal that knows one knows both.
func TestSpare(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		tmp := temporaryName("0123abcd")
		if scan.TemporaryRun(tmp) != "0123abcd" || seen[tmp] {
			t.Fatalf("%q", tmp)
		}
		seen[tmp] = true
		other := spare(tmp)
		if scan.TemporaryRun(other) != "0123abcd" || other == tmp || spare(other) != tmp {
			t.Errorf("%q and %q", tmp, other)
		}
	}
}

func TestPathParts(t *testing.T) {
	for _, c := range []struct{ path, parent, base string }{
		{"/a/b/c", "/a/b", "c"}, {"/a", "/", "a"}, {"/a/\xff\n", "/a", "\xff\n"},
	} {
		if parentOf(c.path) != c.parent || baseOf(c.path) != c.base {
			t.Errorf("%q: %q and %q", c.path, parentOf(c.path), baseOf(c.path))
		}
	}
	if got := TemporaryRun("20260101T000000Z-0123abcd"); got != "0123abcd" {
		t.Errorf("%q", got)
	}
	if got := absolute("x"); !strings.HasPrefix(got, "/") {
		t.Errorf("%q", got)
	}
}

// TestRefusedLink: link(2) says EPERM where a FUSE filesystem has no hard links, and a user may not
// have one of another's file.
func TestRefusedLink(t *testing.T) {
	mine := &handle{fd: -1}
	mine.stat.UID = us().uid
	if r := refusedLink(syscall.EPERM, mine, -1, true); r.kind != Skipped || r.reason != decide.ReasonNoLinks {
		t.Errorf("my own file: %v %q", r.kind, r.reason)
	}
	if r := refusedLink(syscall.EPERM, mine, -1, false); r.kind != Failed || r.reason != ReasonPermission {
		t.Errorf("not on FUSE: %v %q", r.kind, r.reason)
	}
	if us().fowner {
		return
	}
	theirs := &handle{fd: -1}
	theirs.stat.UID = us().uid + 1
	if r := refusedLink(syscall.EPERM, theirs, -1, true); r.kind != Failed || r.reason != ReasonPermission {
		t.Errorf("another's file: %v %q", r.kind, r.reason)
	}
}
