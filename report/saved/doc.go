// Package saved writes scans to files, as JSON and NDJSON, and reads them back.
//
// Both hold the same facts: the one object of the schema with a line for each set,
// or the same facts one object a line. Neither side need hold all sets in memory. A file
// that is cut off, or whose facts contradict each other, is refused as a whole.
package saved
