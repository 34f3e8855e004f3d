// Package hash finds which inodes of a scan hold equal bytes.
//
// The funnel: candidates share domain and size; small files are read whole and
// grouped by BLAKE3; of larger ones the first block decides who goes on, and
// the rest are read in lockstep, chunk by chunk, until they part or end. So a
// set is exact: every member was read to its last byte in this very run and
// was found equal.
package hash
