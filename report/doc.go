// Package report is what oneinode says of a run: the sets that were found, the sums,
// what was left out, and why.
//
// Every result is a Source of the facts of package schema, and each format is one
// writer over it: text for people, JSON and NDJSON (package saved), CSV, the list of
// fdupes, and a page (package html).
//
// Its packages, each importing only those that stand before it:
//
//	show     what makes facts fit for people: sizes, times, names, errors
//	schema   the facts, and what they mean together
//	target   filesystems that trees may move to
//	saved    scans as files, written and read back
//	merge    one scan of several
//	request  what a saved scan asks of dedupe --from
//	live     the source of a run that has just been made
//	view     questions about saved scans: dirs, diff, migration
//	runs     past runs, and what undo and verify do about them
//	talk     standard error while a run goes on: progress and troubles
//	output   the files that are replaced at the end of a run
//	metrics  figures for Prometheus
//	html     the page
//	sample   made-up scans, for tests
package report
