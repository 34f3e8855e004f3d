package target

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneinode/oneinode/report/schema"
)

// Target is a filesystem that trees may move to.
type Target struct {
	Name  string
	Links int64    // most names of an inode; 0 = no limit known, -1 = keeps no hard links
	Unfit []string // kinds of names that cannot be there, schema.UnfitWindows…
	Note  string
	// dirBytes is what a small directory takes beside its inode.
	dirBytes int64
	flags    []string // of rsync
}

// targets knows the limits of each: EXT4_LINK_MAX, XFS_MAXLINK and
// BTRFS_LINK_MAX of the kernel, 1024 of CreateHardLink on NTFS, LINK_MAX of macOS.
func targets() []Target {
	windows := []string{schema.UnfitWindows, schema.UnfitUTF8, schema.UnfitCase}
	whole := []string{"-aHAX", "--numeric-ids"}
	return []Target{
		{Name: "ext4", Links: 65000, dirBytes: 4096, flags: whole},
		{Name: "xfs", Links: 1<<31 - 1, flags: whole},
		{Name: "btrfs", Links: 65535, flags: whole},
		{Name: "zfs", flags: whole, Note: "compression and record size change what it takes"},
		{Name: "ntfs", Links: 1024, flags: []string{"-rtH", "--modify-window=1"}, Unfit: windows, Note: "owners, modes and symbolic links are not copied"},
		{
			Name: "exfat", Links: -1, flags: []string{"-rt", "--modify-window=2"}, Unfit: windows,
			Note: "each file is rounded up to the cluster (often 128 KiB): small files take more than shown here; owners, modes and symbolic links are not copied",
		},
		{Name: "apfs", Links: 32767, flags: []string{"-aHX", "--numeric-ids"}, Unfit: []string{schema.UnfitUTF8, schema.UnfitCase}},
		{
			Name: "smb", Links: -1, flags: []string{"-rt", "--modify-window=2"}, Unfit: windows,
			Note: "owners, modes and symbolic links are not copied; the server's own filesystem decides what it takes",
		},
	}
}

// LinkLimits lists the limits that some target has.
func LinkLimits() []int64 {
	var limits []int64
	for _, t := range targets() {
		if t.Links > 0 && !slices.Contains(limits, t.Links) {
			limits = append(limits, t.Links)
		}
	}
	return limits
}

// Names lists the words of --target.
func Names() []string {
	var names []string
	for _, t := range targets() {
		names = append(names, t.Name)
	}
	return names
}

// Named returns the target of a name, the first one if there is none.
func Named(name string) Target {
	all := targets()
	return all[max(0, slices.IndexFunc(all, func(t Target) bool { return t.Name == name }))]
}

// IsUnfitWindows reports names that Windows, and with it NTFS, exFAT and SMB as
// they are used, does not take ("Naming Files, Paths, and Namespaces").
func IsUnfitWindows(base []byte) bool {
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

// AppendFolded appends name as filesystems see it that ignore case.
func AppendFolded(buf, name []byte) []byte {
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
