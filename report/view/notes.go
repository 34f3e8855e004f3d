package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// leftOut lists what a scan did not look at: the flags of its command line and the reasons by
// which it passed over something. It is "" when that is nothing. Values are those of the flags.
func leftOut(d *schema.Document) (by, values string) {
	flags := []string{"--min-size", "--max-size", "--include", "--exclude", "--exclude-from", "--depth", "--from"}
	reasons := []string{
		scan.ReasonUnreadableDir, scan.ReasonOtherMount, scan.ReasonMarked, scan.ReasonCacheDir, scan.ReasonYoung, scan.ReasonBehindLink,
	}
	given := givenFlags(d.Run.Command)
	if given["--min-size"] == " 0" { // which takes more than is usual
		delete(given, "--min-size")
	}
	list := slices.DeleteFunc(flags, func(flag string) bool { return given[flag] == "" })
	for _, flag := range list {
		values += given[flag]
	}
	for _, r := range reasons {
		if d.Summary.SkippedReasons[r]+d.Summary.FailedReasons[r] > 0 {
			list = append(list, r)
		}
	}
	return strings.Join(list, ", "), values
}

// givenFlags reads the flags of a command line, and what may be their values, up to a space.
func givenFlags(command string) map[string]string {
	given, last := map[string]string{}, ""
	for word := range strings.FieldsSeq(command) {
		given[last] += word
		flag, value, isWhole := strings.Cut(word, "=")
		if isWhole { // ShellCommand quotes it
			flag, value = strings.TrimPrefix(flag, "'"), strings.TrimSuffix(value, "'")
		}
		given[flag] += " " + value
		last = show.Choose(isWhole, "", flag)
	}
	return given
}

// notAll says what follows where a scan did not look at all.
func notAll(d *schema.Document, so string) string {
	by, _ := leftOut(d)
	return show.Choose(by == "", "", "the scan left something out ("+by+"): "+so)
}

// linked says that what shares an inode is in no set.
func linked(d *schema.Document) string {
	return show.Choose(d.Summary.SavedByLinksBytes > 0, "files that are hard links to each other already do not count as shared", "")
}

// unlike says that two scans did not leave out the same.
func unlike(old, now *schema.Document) string {
	was, values := leftOut(old)
	is, valuesNow := leftOut(now)
	by := cmp.Or(was, "nothing") + " and " + cmp.Or(is, "nothing")
	switch {
	case was == is && values == valuesNow:
		return ""
	case was == is:
		by = "different things by " + was
	}
	return "the scans left out " + by + onlyOne
}

const onlyOne = ": what only one of them looked at is also shown as gone or appeared"

// apart says that two scans are not of the same PATHs.
func apart(old, now *schema.Document) string {
	return show.Choose(slices.Equal(pathsOf(old), pathsOf(now)), "", "the scans are of different PATHs"+onlyOne)
}

func pathsOf(d *schema.Document) (list []string) {
	for i := range d.Run.Roots {
		r := &d.Run.Roots[i]
		list = append(list, schema.AtHost(r.Host, r.In(d.Run.Base()).Raw()))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// asFound says that a run of dedupe tells what it met, for views that would be read as
// what is there now.
func asFound(d *schema.Document) string {
	return show.Choose(d.Run.Action == schema.ActionDedupe, "this shows what a dedupe found before it made links: scan again to see what is there now", "")
}

// sentences joins notes, those that are not empty.
func sentences(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}

// sparse says what becomes of holes, where a hundredth or more of all bytes is not on the disk.
func sparse(a *schema.Amount) string {
	missing := a.Blocks - a.BytesAllocated
	if a.BytesAllocated == 0 || missing < a.Blocks/100 {
		return ""
	}
	return "here the files take " + show.Size(missing) + " less than their sizes, as files with holes do, and compressed ones: rsync -S keeps holes"
}
