// Package output replaces the files that a run writes at its end: in one step, never
// through the link of another user, and nothing but a regular file.
package output
