package sample

import (
	"strings"

	"github.com/oneinode/oneinode/report/schema"
)

// Hostile are names that break programs; all of them can be made on ext4.
var Hostile = []string{
	"plain", "with space", " lead and trail ", "new\nline", "cr\r\nlf", "tab\there", "esc\x1b[31mred\x1b[0m",
	"bell\x07", "back\\slash", "quote'\"", "inv\xff\xfealid", "\xc3", "cut\xe2\x82", "bidi\u202egpj.exe", "iso\u2066x\u2069",
	"nel\u0085c1\u009b31m", "sep\u2028\u2029", "zwj\u200d\u200c", "replacement\ufffd", "both\xff\ufffd", "日本語", "e\u0301", "💾",
	"-rf", "--", "~", "$(touch x)", "`x`", "a;b&c|d", "*?[x]{a,b}", "#c", "=1+1", "<script>&amp;", "\x01\x7f", "tag\U000e0041", `\n`, `\x41`,
}

// DigestPrefix begins every digest in the files.
const DigestPrefix = "blake3:"

// Scan returns a source with a bit of everything in it.
func Scan() *schema.Loaded {
	inode := func(number uint64, action, reason string, links uint32, paths ...string) schema.Inode {
		in := schema.Inode{
			Inode: number, Links: links, Allocated: 8192, UID: 1000, GID: 100, Mode: 0o4755,
			Mtime: 1_700_000_000_000_000_001, Ctime: -1, Action: action, Reason: reason,
		}
		for _, p := range paths {
			in.Paths = append(in.Paths, schema.NewPath(p))
		}
		return in
	}
	big := schema.Set{
		Size: 6000, Digest: DigestPrefix + strings.Repeat("0a", 32), Device: 2049, ReclaimableBytes: 16384, Keeper: 12,
		Inodes: []schema.Inode{
			inode(11, schema.ActionLink, "", 1, "b/copy"),
			inode(12, schema.ActionKeep, "", 4, "a/one", "a/two"),
			inode(13, schema.ActionLink, "has names outside the given paths", 3, "b/elsewhere"),
			inode(14, schema.ActionHold, "differs in owner", 1, "c/theirs"),
			inode(15, schema.ActionLink, "", 2, "d/x", "d/y"),
		},
	}
	odd := schema.Set{Size: 1, Device: 1 << 63, Keeper: 1<<64 - 1, Inodes: []schema.Inode{
		inode(1<<64-1, schema.ActionKeep, "", 1, Hostile...), inode(2, schema.ActionHold, "", 1, "other"),
	}}
	return &schema.Loaded{
		Doc: schema.Document{
			Schema: schema.Number, Tool: schema.Tool{Name: "oneinode", Version: "1.0"},
			Run: schema.Run{
				ID: "0123abcd", Host: "h", Command: "oneinode scan .", Started: 1, Finished: 2, Complete: true,
				Roots: []schema.Root{{Path: schema.NewPath("r\xff"), Reference: true}}, Action: schema.ActionScan, Match: []string{"owner", "mtime"},
			},
			Filesystems: []schema.Filesystem{{Device: 2049, Mount: "/", Type: "ext4"}},
			Summary: schema.Summary{
				Files: 12345, Inodes: 12000, Directories: 1, BytesApparent: 1 << 30, BytesAllocated: 1 << 31, Candidates: 9,
				Sets: 2, DuplicateInodes: 5, RedundantBytes: 30000, ReclaimableBytes: 16384, Replacements: 4,
				HeldBack: map[string]int64{"owner": 8192, "mtime": 0}, Skipped: 2, Failed: 1, BytesRead: 5000,
				SavedByLinksBytes: 2048, Seconds: schema.Seconds{Scan: 0.25, Hash: 61},
				SkippedReasons: map[string]int64{"marked .nodedupe": 2}, FailedReasons: map[string]int64{"cannot be read": 1},
			},
		},
		AllSets: []schema.Set{big, odd},
		AllSkipped: []schema.Skipped{
			{Path: schema.NewPath("x\xff"), Reason: "cannot be read", Error: "permission denied"},
			{Path: schema.NewPath("y"), Reason: "marked .nodedupe"}, {Path: schema.NewPath("z\x1b"), Reason: "marked .nodedupe"},
		},
	}
}

// OneSet is a scan of one set.
func OneSet(host, base string, device uint64, inodes ...schema.Inode) *schema.Loaded {
	dir := schema.NewPath(base)
	s := schema.Set{Size: 10, Digest: DigestPrefix + strings.Repeat("11", 32), Device: device, Keeper: inodes[0].Inode, Inodes: inodes}
	for i := range inodes {
		s.ReclaimableBytes += s.Frees(&inodes[i])
	}
	return &schema.Loaded{
		Doc: schema.Document{
			Schema: schema.Number,
			Run: schema.Run{
				ID: host + base, Host: host, Directory: &dir, Roots: []schema.Root{{Path: schema.NewPath(".")}}, Complete: true,
				Match: []string{"owner"}, Action: schema.ActionScan, Command: "oneinode scan .",
			},
			Filesystems: []schema.Filesystem{{Device: device, Mount: "/", Type: "ext4"}},
			Summary: schema.Summary{
				Files: 2, Sets: 1, DuplicateInodes: 1, RedundantBytes: 10, ReclaimableBytes: s.ReclaimableBytes,
				HeldBack: map[string]int64{"owner": 3}, SkippedReasons: map[string]int64{"x": 1}, Skipped: 1,
			},
		},
		AllSets:    []schema.Set{s},
		AllSkipped: []schema.Skipped{{Path: schema.NewPath("skip"), Reason: "x"}},
	}
}

// Inode is one of it.
func Inode(number uint64, action string, links uint32, paths ...string) schema.Inode {
	in := schema.Inode{Inode: number, Links: links, Allocated: 4096, Action: action}
	for _, p := range paths {
		in.Paths = append(in.Paths, schema.NewPath(p))
	}
	if in.NamesOutside = in.Outside(); in.NamesOutside > 0 && action == schema.ActionLink {
		in.Reason = "has names outside the given paths"
	}
	return in
}
