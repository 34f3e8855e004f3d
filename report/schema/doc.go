// Package schema holds the facts that every report is made of, as JSON has them
// (schema 1): a Document (the run as a whole), its sets and what was left out.
//
// A live run, a saved file and several of them merged are all a Source of these
// facts, and each format is one writer over a Source, so no format can know more
// than another. Sets are made one at a time: a writer's memory does not grow with
// their number.
//
// What facts mean together is told here, too, once for all who show them: what an
// inode frees, what a set stores more than once, which borders no link crosses.
package schema
