// Package runs says what is to be said of past runs: the list of them, what taking
// one back needs and has done, and what a verify found.
package runs
