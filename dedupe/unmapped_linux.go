package dedupe

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/oneinode/oneinode/dedupe/decide"
)

// allIDs is how many the first user namespace maps: all but (uid_t)-1.
const allIDs = 1<<32 - 1

// UnmappedIDs asks the kernel for the ids of this process's user namespace. The
// overflow ids may be mapped besides, to a user nobody: then they say nothing either.
func UnmappedIDs() decide.Unmapped {
	return decide.Unmapped{UID: overflowID("uid"), GID: overflowID("gid")}
}

// Without /proc (a bare container) nothing tells of the namespace: it may be any.
func overflowID(kind string) int64 {
	table, err := os.ReadFile("/proc/self/" + kind + "_map")
	if _, without := os.Lstat("/proc/self/stat"); err != nil && without == nil || mapsAll(string(table)) {
		return 0 // a kernel without user namespaces, or the first one
	}
	text, err := os.ReadFile("/proc/sys/kernel/overflow" + kind)
	if err != nil {
		return 65534 // the kernel's default
	}
	id, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return id
}

// mapsAll reports whether a table of lines "inside outside count" leaves no id out.
func mapsAll(table string) bool {
	total := int64(0)
	for line := range strings.Lines(table) {
		var inside, outside, count int64
		if _, err := fmt.Sscan(line, &inside, &outside, &count); err == nil {
			total += count
		}
	}
	return total >= allIDs
}
