// Package view answers questions about saved scans: which directories share most
// (Dirs), what has changed between two of them (Changes), and what a move to another
// filesystem takes (Migration).
//
// A View is a value that is its own JSON, and text for people. What a scan did not
// look at, so that an answer is less than whole, is told with it.
package view
