// Package dedupe decides which inodes of a duplicate set become one, and makes
// them one without ever losing a byte; it also takes that back.
//
// Deciding is pure (Policy, Plan, decide): a dry run prints the very plan that
// Apply carries out. Acting is one thin layer: replace.go holds the order of a
// replace and of its way back, and undo and split go the same way with a fresh
// copy in the keeper's place.
//
// Rules that never bend:
//
//  1. A name leads to a complete file at every instant: names are exchanged,
//     never removed first (swap).
//  2. Nothing is replaced unless it was read in this run, found equal, and is
//     unchanged at that moment: device, inode, size, mtime, ctime, owner and
//     mode, seen through a descriptor (handle). Where times cannot vouch for
//     the content (Barrier), or nobody can say who writes (takeLease), the two
//     files are compared byte for byte right before the replace.
//  3. A file that somebody has open for writing is neither replaced nor kept,
//     and a writer that comes in the middle gets his file back: what came out of
//     the exchange is looked at, and goes back if a lease was broken.
//  4. The keeper's data and the journal's record are on disk before the name
//     changes (Barrier, openKeeper, announceAll).
//  5. Directories are opened beneath the descriptor of their root and through no
//     symbolic link; what a name leads to counts only once a descriptor has
//     proved it.
//  6. A temporary name is removed only while it leads to the inode that we put
//     there; what cannot be explained stays and is told (swap.discard, Clean).
//  7. Whatever goes wrong with one name is its Outcome; the run goes on.
package dedupe
