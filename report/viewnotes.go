package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/scan"
)

// leftOut lists what a scan did not look at: the flags of its command line and the reasons by
// which it passed over something. It is "" when that is nothing.
func leftOut(d *Document) string {
	flags := []string{"--min-size", "--max-size", "--include", "--exclude", "--exclude-from", "--depth", "--from"}
	reasons := []string{
		scan.ReasonUnreadableDir, scan.ReasonOtherMount, scan.ReasonMarked, scan.ReasonCacheDir, scan.ReasonYoung, scan.ReasonBehindLink,
	}
	given := map[string]bool{}
	for word := range strings.FieldsSeq(d.Run.Command) {
		flag, _, _ := strings.Cut(word, "=")
		given[flag] = true
	}
	by := slices.DeleteFunc(flags, func(flag string) bool { return !given[flag] })
	for _, r := range reasons {
		if d.Summary.SkippedReasons[r]+d.Summary.FailedReasons[r] > 0 {
			by = append(by, r)
		}
	}
	return strings.Join(by, ", ")
}

// notAll says what follows where a scan did not look at all.
func notAll(d *Document, so string) string {
	by := leftOut(d)
	return choose(by == "", "", "the scan left something out ("+by+"): "+so)
}

// unlike says that two scans did not leave out the same.
func unlike(old, now *Document) string {
	was, is := cmp.Or(leftOut(old), "nothing"), cmp.Or(leftOut(now), "nothing")
	return choose(was == is, "", "the scans left out "+was+" and "+is+": what only one of them looked at is told as gone or appeared, too")
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
