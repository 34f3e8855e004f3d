// Package report is all that oneinode says: results, progress and troubles.
//
// Every result is a Source: a Document (the facts about the run as a whole),
// its sets and what was left out. A live run and a saved file are both sources,
// and each format is one writer over a Source, so no format can know more than
// another. Sets are made one at a time: a writer's memory does not grow with
// their number.
//
// This package also holds the only formatter of sizes, counts and durations,
// and the only quoter of file names. File names are bytes that other people
// chose: they never reach a terminal unescaped.
package report
