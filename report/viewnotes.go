package report

import (
	"slices"
	"strings"

	"github.com/oneinode/oneinode/scan"
)

// leftOut says what a scan did not look at, by the flags of its command line and by what it
// passed over, and what follows from it. It is "" when that is all.
func leftOut(d *Document, so string) string {
	flags := []string{"--min-size", "--max-size", "--include", "--exclude", "--exclude-from", "--depth", "--from"}
	reasons := []string{
		scan.ReasonUnreadableDir, scan.ReasonOtherMount, scan.ReasonMarked, scan.ReasonCacheDir, scan.ReasonYoung, scan.ReasonBehindLink,
	}
	var by []string
	for word := range strings.FieldsSeq(d.Run.Command) {
		if flag, _, _ := strings.Cut(word, "="); slices.Contains(flags, flag) && !slices.Contains(by, flag) {
			by = append(by, flag)
		}
	}
	for _, r := range reasons {
		if d.Summary.SkippedReasons[r]+d.Summary.FailedReasons[r] > 0 {
			by = append(by, r)
		}
	}
	if len(by) == 0 {
		return ""
	}
	return "the scan left something out (" + strings.Join(by, ", ") + "): " + so
}

// asFound says that a run of dedupe tells what it met, for views that would be read as
// what is there now.
func asFound(d *Document) string {
	return choose(d.Run.Action == ActionDedupe, "what a dedupe found is told, before its links were made: scan again for what is there now", "")
}

// sentences joins notes, those that are not empty.
func sentences(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}
