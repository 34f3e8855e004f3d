package talk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// Troubles tells the user at once about each path that could not be handled:
// one line on standard error. What is left out by design is told in the summary
// only. Its methods may be called from many goroutines at once.
type Troubles struct {
	Fold func(text string) string // breaks lines of text for a terminal; nil: they stay whole

	mu    sync.Mutex
	out   io.Writer
	json  bool
	hints sync.Map // those that were told, and what else is told once
	gone  sync.Map // *atomic.Int64 by directory: how many in it were told to be gone
}

// NewTroubles writes to out, in lines of text or of JSON.
func NewTroubles(out io.Writer, asJSON bool) *Troubles {
	return &Troubles{out: out, json: asJSON}
}

// Skip tells of a path that something went wrong with.
func (t *Troubles) Skip(s scan.Skip) {
	if s.Err != nil {
		t.tell(trouble{Path: schema.NewPath(s.Path), Reason: s.Reason, Error: show.Cause(s.Err), Hint: hint(s.Err)})
	}
}

// Outcome tells of a name that could not be linked.
func (t *Troubles) Outcome(o dedupe.Outcome) {
	if o.Kind == dedupe.Failed {
		t.about(o.Path, o.Reason, o.Err, hint(o.Err))
	}
}

// Path tells of one path of a past run, or one that was named, that something is to be
// said about.
func (t *Troubles) Path(path, reason string, err error) {
	t.about(path, reason, err, strings.TrimSuffix(hint(err), hintExclude))
}

// about tells of a path, or once of what the same can be said of.
func (t *Troubles) about(path, reason string, err error, hint string) {
	path, once := placeOf(path, reason)
	if once != "" && !t.isNew(once) {
		return
	}
	if reason == dedupe.ReasonDirGone {
		above := filepath.Dir(path)
		switch n := t.goneIn(above); {
		case n > mostGone:
			return
		case n == mostGone:
			path, reason, err = above, moreGone, nil
		}
	}
	line := trouble{Path: schema.NewPath(path), Reason: reason, Hint: hint}
	if err != nil {
		line.Error = show.Cause(err)
	}
	if way, ok := waysOut[reason]; ok {
		line.Hint = way
	}
	t.tell(line)
}

// placeOf says what the reason is to be told of, and, where that is once, a word for it: a directory
// that is gone stands for all paths in it, and one that is not there for its filesystem. Of one that
// may not be written to, or not any more, or whose links lead nowhere since a tree was moved, a path is told.
func placeOf(path, reason string) (place, once string) {
	switch dir := filepath.Dir(path); reason {
	case dedupe.ReasonDirGone:
		dir = topGone(dir)
		return dir, reason + dir
	case dedupe.ReasonDirAway:
		return dir, reason
	case decide.ReasonDirDenied, decide.ReasonReadOnly, dedupe.ReasonBroken:
		return path, reason + dir
	}
	return path, ""
}

// mostGone is how many directories of one are told to be gone, the last for all others: a git gc
// removes up to 256 at a time.
const (
	mostGone = schema.ExamplesPerReason + 1
	moreGone = "further directories in it are gone or are other ones now"
)

func (t *Troubles) goneIn(dir string) int64 {
	n, _ := t.gone.LoadOrStore(dir, new(atomic.Int64))
	return n.(*atomic.Int64).Add(1)
}

// topGone is the highest directory that is gone with dir: a backup that was rotated away had
// thousands below it. Where dir is there, as another one, it is that itself.
func topGone(dir string) string {
	for above := filepath.Dir(dir); above != dir && isGone(above); above = filepath.Dir(dir) {
		dir = above
	}
	return dir
}

func isGone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// waysOut are for paths that each undo would leave alone again, and what else is to be known.
var waysOut = map[string]string{
	dedupe.ReasonEdited:    "oneinode split gives it its own copy of what it holds now",
	dedupe.ReasonBroken:    "put the file back: oneinode verify lists all such links, and where they led; of each directory one path is listed here",
	dedupe.ReasonNameGone:  "if it was moved, oneinode split gives it its own copy",
	dedupe.ReasonDirAway:   "mount it at that place again if it is elsewhere now; further ones that are not there are not listed",
	dedupe.ReasonDirGone:   "if it was moved, oneinode split -r gives the files in it their own copies",
	decide.ReasonDirDenied: asOwner(os.Geteuid()) + "; the owner may need chmod u+w first; of each such directory one path is listed",
	decide.ReasonReadOnly:  "if its disk failed, the kernel log says so; of each directory one path is listed",
	dedupe.ReasonImmutable: "lsattr shows it, of the file or its directory; chattr -i -a takes it away",
	dedupe.ReasonNotOurs:   "with the rights of root (CAP_CHOWN), oneinode split gives it its own copy",
}

// Note tells the user something about the whole run that is no error.
func (t *Troubles) Note(text string) {
	if t.json {
		t.write(mustJSON(note{Level: "note", Text: text}))
		return
	}
	t.say("oneinode: " + show.Escape(text) + "\n")
}

// Fatal tells why a run could not be done or was called wrongly. The hint may
// be empty. Errors come from everywhere and may repeat any name or word: they are
// escaped here, wherever that was forgotten.
func (t *Troubles) Fatal(err error, hint string) {
	if t.json {
		t.write(mustJSON(fatal{Level: "fatal", Error: err.Error(), Hint: hint}))
		return
	}
	var text strings.Builder
	for _, line := range errorLines(err) {
		text.WriteString("oneinode: " + line + "\n")
	}
	if hint != "" {
		text.WriteString("hint: " + show.Escape(hint) + "\n")
	}
	t.say(text.String())
}

// errorLines escapes an error; those of errors.Join keep a line each.
func errorLines(err error) []string {
	var texts, lines []string
	for next := errors.Unwrap(err); next != nil && next.Error() == err.Error(); next = errors.Unwrap(next) {
		err = next // what only adds a hint
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			texts = append(texts, one.Error())
			lines = append(lines, errorLines(one)...)
		}
	}
	if strings.Join(texts, "\n") == err.Error() {
		return lines
	}
	return []string{show.Escape(err.Error())}
}

type trouble struct {
	Level string `json:"level"`
	schema.Path
	Reason string `json:"reason"`
	Error  string `json:"error,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

type note struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

type fatal struct {
	Level string `json:"level"`
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

func (t *Troubles) tell(line trouble) {
	if t.json {
		line.Level = "error"
		t.write(mustJSON(line))
		return
	}
	text := "oneinode: " + show.Quote(line.Raw()) + ": " + show.Why(line.Reason, line.Error)
	if line.Hint != "" && t.isNew(line.Hint) {
		text += " (" + line.Hint + ")"
	}
	if strings.Contains(line.Raw(), " ") { // it may be copied from there, and would break
		t.write([]byte(text + "\n"))
		return
	}
	t.say(text + "\n")
}

// say writes text that may be folded.
func (t *Troubles) say(text string) {
	if t.Fold != nil {
		text = t.Fold(text)
	}
	t.write([]byte(text))
}

// isNew is true once for each hint: hundreds of paths may have the same trouble.
func (t *Troubles) isNew(hint string) bool {
	_, told := t.hints.LoadOrStore(hint, true)
	return !told
}

// write sends a whole line at once. There is nobody left to tell when standard
// error itself fails; the exit code still does.
func (t *Troubles) write(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.out.Write(line)
}

// mustJSON is for values of this package, which always can be encoded.
func mustJSON(v any) []byte {
	line, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("talk: %v", err))
	}
	return append(show.TameJSON(line), '\n')
}

// hintExclude is for commands that search.
const hintExclude = ", or leave it out with --exclude"

// hint says what the user can do about a system's error, "" if nothing comes to mind.
func hint(err error) string {
	switch {
	case errors.Is(err, syscall.EPERM):
		return "it may be immutable or append-only (see lsattr), another user's file (fs.protected_hardlinks), or need an owner or group that this user may not give"
	case errors.Is(err, fs.ErrPermission):
		return asOwner(os.Geteuid()) + hintExclude
	case errors.Is(err, syscall.EIO):
		return "the disk may be failing: see the kernel log"
	case errors.Is(err, syscall.EFBIG):
		return HintLimit(err) + ", if it is not the filesystem's own"
	case errors.Is(err, syscall.ENOSPC):
		return "make room there: the filesystem has no free block or no free inode (see df and df -i), or the directory holds as many names as it can"
	case errors.Is(err, syscall.EDQUOT):
		return "the quota of its owner, group or project is used up: make room within that, or have it raised"
	case errors.Is(err, syscall.ESTALE):
		return "the network filesystem has lost it: try again"
	}
	return HintLimit(err)
}

// HintLimit is for a limit of this process, which no other directory widens; "" if it is none.
func HintLimit(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "raise the limit of open files: ulimit -n"
	case errors.Is(err, syscall.EFBIG):
		return "raise the limit of file sizes: ulimit -f"
	}
	return ""
}

// asOwner is for a missing right. Root misses one where a server squashes it (NFS), or a
// program shows its filesystem to one user only (FUSE).
func asOwner(uid int) string {
	if uid == 0 {
		return "run as its owner"
	}
	return "run as its owner or as root"
}
