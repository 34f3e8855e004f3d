// Package dedupe decides which inodes of a duplicate set become one, and makes
// them one without ever losing a byte.
//
// Deciding is pure (Policy, Plan): a dry run prints the very plan that Apply
// carries out. Acting is one thin layer; replace.go holds the order of a
// replace and of its way back.
package dedupe
