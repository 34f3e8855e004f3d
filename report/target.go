package report

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneinode/oneinode/report/schema"
)

// target is a filesystem that trees may move to.
type target struct {
	name  string
	links int64 // most names of an inode; 0 = no limit known, -1 = keeps no hard links
	// dirBytes is what a small directory takes beside its inode.
	dirBytes int64
	flags    []string // of rsync
	unfit    []string
	note     string
}

// targets knows the limits of each: EXT4_LINK_MAX, XFS_MAXLINK and
// BTRFS_LINK_MAX of the kernel, 1024 of CreateHardLink on NTFS, LINK_MAX of macOS.
func targets() []target {
	windows := []string{schema.UnfitWindows, schema.UnfitUTF8, schema.UnfitCase}
	whole := []string{"-aHAX", "--numeric-ids"}
	return []target{
		{name: "ext4", links: 65000, dirBytes: 4096, flags: whole},
		{name: "xfs", links: 1<<31 - 1, flags: whole},
		{name: "btrfs", links: 65535, flags: whole},
		{name: "zfs", flags: whole, note: "compression and record size change what it takes"},
		{name: "ntfs", links: 1024, flags: []string{"-rtH", "--modify-window=1"}, unfit: windows, note: "owners and modes are not kept"},
		{
			name: "exfat", links: -1, flags: []string{"-rt", "--modify-window=2"}, unfit: windows,
			note: "each file is rounded up to the cluster (often 128 KiB): small files take more than told here; owners and modes are not kept",
		},
		{name: "apfs", links: 32767, flags: []string{"-aHX", "--numeric-ids"}, unfit: []string{schema.UnfitUTF8, schema.UnfitCase}},
		{
			name: "smb", links: -1, flags: []string{"-rt", "--modify-window=2"}, unfit: windows,
			note: "owners and modes are not kept; the server's own filesystem decides what it takes",
		},
	}
}

func linkLimits() []int64 {
	var limits []int64
	for _, t := range targets() {
		if t.links > 0 && !slices.Contains(limits, t.links) {
			limits = append(limits, t.links)
		}
	}
	return limits
}

// Targets lists the words of --target.
func Targets() []string {
	var names []string
	for _, t := range targets() {
		names = append(names, t.name)
	}
	return names
}

func targetNamed(name string) target {
	all := targets()
	return all[max(0, slices.IndexFunc(all, func(t target) bool { return t.name == name }))]
}

// isUnfitWindows reports names that Windows, and with it NTFS, exFAT and SMB as
// they are used, does not take ("Naming Files, Paths, and Namespaces").
func isUnfitWindows(base []byte) bool {
	if len(base) == 0 {
		return false
	}
	if last := base[len(base)-1]; last == '.' || last == ' ' {
		return true
	}
	for _, c := range base {
		if c < ' ' || strings.IndexByte(`<>:"\|?*`, c) >= 0 {
			return true
		}
	}
	stem, _, _ := bytes.Cut(base, []byte("."))
	return isDevice(strings.ToUpper(string(bytes.TrimRight(stem, " "))))
}

func isDevice(stem string) bool {
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	rest, com := strings.CutPrefix(stem, "COM")
	if !com {
		rest, com = strings.CutPrefix(stem, "LPT")
	}
	return com && len(rest) == 1 && rest >= "1" && rest <= "9"
}

// appendFolded appends name as filesystems see it that ignore case.
func appendFolded(buf, name []byte) []byte {
	for _, c := range name {
		if c >= utf8.RuneSelf {
			return append(buf, bytes.ToLower(name)...)
		}
	}
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}
