package journal

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// Version of the format; a journal of another version is not touched.
const Version = 1

// Record is one line: exactly one field is set.
type Record struct {
	Begin   *Begin   `json:"begin,omitempty"`
	Set     *Set     `json:"set,omitempty"`
	Old     *Old     `json:"old,omitempty"`
	Replace *Replace `json:"replace,omitempty"`
	Done    *Done    `json:"done,omitempty"`
	End     *End     `json:"end,omitempty"`
	Undo    *Undo    `json:"undo,omitempty"`
	Undone  *Undone  `json:"undone,omitempty"`
	// Lost stands for damaged lines, which are never written: whatever they said,
	// the records behind them may belong to it.
	Lost bool `json:"-"`
}

// Kinds of runs. Only a dedupe can be undone: the other way about is what a
// dedupe does.
const (
	KindDedupe = "dedupe"
	KindSplit  = "split"
)

// Begin is the first record of every journal.
type Begin struct {
	Version int       `json:"version"`
	Run     string    `json:"run"`
	Kind    string    `json:"kind"` // KindDedupe or KindSplit
	Tool    string    `json:"tool"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Command []string  `json:"command"`
	Roots   []Path    `json:"roots"`
	// Order goes before Started where runs are put in order: it is set if the clock had been
	// set back since the run before.
	Order time.Time `json:"order,omitzero"`
}

// order is by when runs of one state directory came one after the other.
func (b *Begin) order() time.Time {
	if b.Order.IsZero() {
		return b.Started
	}
	return b.Order
}

// Set names the keeper for the records that follow: inodes with this content
// come to share it. A set whose keeper turned out to be unusable gets a
// second record.
type Set struct {
	Size   int64  `json:"size"`
	Digest string `json:"digest"` // as in JSON output: "blake3:…"
	Dev    uint64 `json:"dev"`
	Keeper uint64 `json:"keeper"` // inode number
	Path   Path   `json:"path"`   // a name of the keeper
	// Link says how they are joined: "reflink" or "symlink"; "" is a hard link.
	Link string `json:"link,omitempty"`
	// Was is what the keeper of hard links looked like when they were made, so that an
	// undo knows what was changed since. Nil in journals that are older than this.
	Was *Look `json:"was,omitempty"`
}

// Look is what an inode is beside its content.
type Look struct {
	UID     uint32 `json:"uid"`
	GID     uint32 `json:"gid"`
	Mode    uint32 `json:"mode"`
	Mtime   int64  `json:"mtime"` // ns
	Xattrs  Xattrs `json:"xattrs,omitempty"`
	Missing bool   `json:"xattrs_unknown,omitempty"` // they could not be read
}

// Old is an inode whose names are about to become links to the keeper of the
// last Set, with all that a copy cannot know by itself.
type Old struct {
	Dev     uint64 `json:"dev,omitempty"` // when it is not the set's
	Inode   uint64 `json:"inode"`
	UID     uint32 `json:"uid"`
	GID     uint32 `json:"gid"`
	Mode    uint32 `json:"mode"`
	Mtime   int64  `json:"mtime"` // ns
	Atime   int64  `json:"atime"` // ns
	Links   uint32 `json:"links"`
	Xattrs  Xattrs `json:"xattrs,omitempty"`
	Missing bool   `json:"xattrs_unknown,omitempty"` // they could not be read
}

// Replace is one name of the last Old that is about to change.
type Replace struct {
	Seq       int64  `json:"seq"` // counts the replacements of the run from 1
	Path      Path   `json:"path"`
	DirDev    uint64 `json:"dir_dev"`
	DirInode  uint64 `json:"dir_inode"`
	Temporary string `json:"tmp"`
	// Again: the replacement was announced before; now it goes to the keeper of
	// the last Set instead, since the first one could not be used.
	Again bool `json:"again,omitempty"`
	// Target is what the name says as a symbolic link; "" where it becomes none.
	Target Path `json:"target,omitempty"`
}

// Done tells how replacements ended; it is not flushed before anything and may
// be missing after a crash.
type Done struct {
	Seq    int64  `json:"seq"`
	Freed  int64  `json:"freed,omitempty"`
	Reason string `json:"reason,omitempty"` // "" = linked
	// Stuck: the old inode could not be put back, nor removed. Only a look at the name
	// tells what it leads to.
	Stuck bool `json:"stuck,omitempty"`
}

// Refused reports whether the name is known to be as it was. A file that came to share some
// of its blocks before it was let go is not.
func (d *Done) Refused() bool { return d.Reason != "" && !d.Stuck && d.Freed == 0 }

// End closes a run, complete or stopped cleanly.
type End struct {
	Finished time.Time `json:"finished"`
	Complete bool      `json:"complete"`
	Linked   int64     `json:"linked"`
	Skipped  int64     `json:"skipped"`
	Failed   int64     `json:"failed"`
	Freed    int64     `json:"freed"`
}

// Undo announces that a replacement is about to be taken back, through this
// temporary name.
type Undo struct {
	Seq       int64  `json:"seq"`
	Temporary string `json:"tmp"`
}

// Undone tells that an undo has dealt with a replacement: its path has an inode
// of its own again ("" reason), or was left alone.
type Undone struct {
	Seq    int64  `json:"seq"`
	Reason string `json:"reason,omitempty"`
	// Apart: it was left alone since it shares nothing any more, or never did, or is gone with
	// its directory or file, and no later run stands: to take that back could have it share
	// again. One that was left for another reason is still to be taken back.
	Apart bool `json:"apart,omitempty"`
	// Inode is the number of the copy that the name leads to now; 0 if it was left.
	Inode uint64 `json:"inode,omitempty"`
}

// Xattrs are extended attributes, names to values. In JSON a name that is not UTF-8 is
// coded after xattrCode, since an object's key can be a string only.
type Xattrs map[string][]byte

// xattrCode marks a name in base64. Linux knows no attribute that begins so: names have a
// namespace in front (xattr(7)).
const xattrCode = "b64:"

// MarshalJSON writes an object.
func (x Xattrs) MarshalJSON() ([]byte, error) {
	coded := make(map[string][]byte, len(x))
	for name, value := range x {
		if !utf8.ValidString(name) || strings.HasPrefix(name, xattrCode) {
			name = xattrCode + base64.StdEncoding.EncodeToString([]byte(name))
		}
		coded[name] = value
	}
	return json.Marshal(coded)
}

// UnmarshalJSON reads what MarshalJSON writes, and journals that know no such names.
func (x *Xattrs) UnmarshalJSON(b []byte) error {
	var coded map[string][]byte
	if err := json.Unmarshal(b, &coded); err != nil || len(coded) == 0 {
		return err
	}
	*x = make(Xattrs, len(coded))
	for name, value := range coded {
		if text, isCoded := strings.CutPrefix(name, xattrCode); isCoded {
			if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
				name = string(raw)
			}
		}
		(*x)[name] = value
	}
	return nil
}

// Path is a file name as bytes: in JSON a string where it is UTF-8, else an
// object {"b64": …}, so that every name survives.
type Path string

// MarshalJSON writes the form that fits the bytes.
func (p Path) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(p)) {
		return json.Marshal(string(p))
	}
	return json.Marshal(map[string]string{"b64": base64.StdEncoding.EncodeToString([]byte(p))})
}

// UnmarshalJSON reads both forms.
func (p *Path) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*p = Path(plain)
		return nil
	}
	var coded struct{ B64 []byte }
	err := json.Unmarshal(b, &coded)
	*p = Path(coded.B64)
	return err
}
