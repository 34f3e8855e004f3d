package report

import (
	"strings"
	"testing"
)

// hostile are names that break programs; all of them can be made on ext4.
var hostile = []string{
	"plain", "with space", " lead and trail ", "new\nline", "cr\r\nlf", "tab\there", "esc\x1b[31mred\x1b[0m",
	"bell\x07", "back\\slash", "quote'\"", "inv\xff\xfealid", "\xc3", "cut\xe2\x82", "bidi\u202egpj.exe", "iso\u2066x\u2069",
	"nel\u0085c1\u009b31m", "sep\u2028\u2029", "zwj\u200d\u200c", "replacement\ufffd", "both\xff\ufffd", "日本語", "e\u0301", "💾",
	"-rf", "--", "~", "$(touch x)", "`x`", "a;b&c|d", "*?[x]{a,b}", "#c", "=1+1", "<script>&amp;", "\x01\x7f", "tag\U000e0041", `\n`, `\x41`,
}

// digestPrefix begins every digest in the files.
const digestPrefix = "blake3:"

// sample returns a source with a bit of everything in it.
func sample() *Saved {
	inode := func(number uint64, action, reason string, links uint32, paths ...string) Inode {
		in := Inode{
			Inode: number, Links: links, Allocated: 8192, UID: 1000, GID: 100, Mode: 0o4755,
			Mtime: 1_700_000_000_000_000_001, Ctime: -1, Action: action, Reason: reason,
		}
		for _, p := range paths {
			in.Paths = append(in.Paths, NewPath(p))
		}
		return in
	}
	big := Set{
		Size: 6000, Digest: digestPrefix + strings.Repeat("0a", 32), Device: 2049, ReclaimableBytes: 16384, Keeper: 12,
		Inodes: []Inode{
			inode(11, ActionLink, "", 1, "b/copy"),
			inode(12, ActionKeep, "", 4, "a/one", "a/two"),
			inode(13, ActionLink, "has names outside the given paths", 3, "b/elsewhere"),
			inode(14, ActionHold, "differs in owner", 1, "c/theirs"),
			inode(15, ActionLink, "", 2, "d/x", "d/y"),
		},
	}
	odd := Set{Size: 1, Device: 1 << 63, Keeper: 1<<64 - 1, Inodes: []Inode{
		inode(1<<64-1, ActionKeep, "", 1, hostile...), inode(2, ActionHold, "", 1, "other"),
	}}
	return &Saved{
		doc: Document{
			Schema: Schema, Tool: Tool{"oneinode", "1.0"},
			Run: Run{
				ID: "0123abcd", Host: "h", Command: "oneinode scan .", Started: 1, Finished: 2, Complete: true,
				Roots: []Root{{Path: NewPath("r\xff"), Reference: true}}, Action: ActionScan, Match: []string{"owner", "mtime"},
			},
			Filesystems: []Filesystem{{Device: 2049, Mount: "/", Type: "ext4"}},
			Summary: Summary{
				Files: 12345, Inodes: 12000, Directories: 1, BytesApparent: 1 << 30, BytesAllocated: 1 << 31, Candidates: 9,
				Sets: 2, DuplicateInodes: 5, RedundantBytes: 30000, ReclaimableBytes: 16384, Replacements: 4,
				HeldBack: map[string]int64{"owner": 8192, "mtime": 0}, Skipped: 2, Failed: 1, BytesRead: 5000,
				SavedByLinksBytes: 2048, Seconds: Seconds{Scan: 0.25, Hash: 61},
				SkippedReasons: map[string]int64{"marked .nodedupe": 2}, FailedReasons: map[string]int64{"cannot be read": 1},
			},
		},
		sets: []Set{big, odd},
		skipped: []Skipped{
			{Path: NewPath("x\xff"), Reason: "cannot be read", Error: "permission denied"},
			{Path: NewPath("y"), Reason: "marked .nodedupe"}, {Path: NewPath("z\x1b"), Reason: "marked .nodedupe"},
		},
	}
}

// render writes a source and returns the text.
func render(t *testing.T, src Source, format Format, style Style) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, src, format, style); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
