// Package show makes facts fit for people, and safe to look at: the only formatter
// of sizes, counts and durations, the only quoter of file names.
//
// File names are bytes that other people chose: they never reach a terminal
// unescaped.
package show
