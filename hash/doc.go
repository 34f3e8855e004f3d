// Package hash finds which inodes of a scan hold equal bytes. It never writes.
//
// The funnel:
//
//  1. Candidates are the inodes that share size and domain, or group of domains
//     (Options.Group), with another (candidates.go). They are read in the order of domain
//     and inode number. What the cache knows of them need not be read (memory.go,
//     confirm.go, remember.go).
//  2. The first stage (first.go, batch.go) opens some dozens, reads them with one
//     call, small files whole and of larger ones the first page, proves that each is
//     the file of the walk and has not changed since, and takes
//     their BLAKE3. Small files with equal digests are sets.
//  3. Larger files with equal first pages are read in lockstep, chunk by chunk, the
//     end of long ones before their middle, until they part or all is compared
//     (lockstep.go, class.go, schedule.go). Those equal throughout are sets.
//  4. More files than may be open together are hashed one by one instead: of each
//     first a page of its middle and its end, then a megabyte, then the whole (crowd.go).
//
// Of large files that lie in the very same place on the disk one is read for all (twins.go).
//
// So every member of a set that is not Unread was read to its last byte in this very
// run and found equal: by BLAKE3 or byte by byte. And it is recorded as it was then:
// size, mtime and ctime are the same before the first and after the last byte, ctime
// was old enough for any later change to show (reader.settle), and no process had
// the file open for writing, where the kernel can tell (reader.busy). Whoever finds
// mtime and ctime of a member as recorded knows that it still holds the bytes that
// were read.
//
// A file for which one of these fails is left out and told to OnSkip; it is
// equal to nobody.
package hash
