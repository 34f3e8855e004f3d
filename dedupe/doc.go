// Package dedupe makes the inodes of a duplicate set one without ever losing a byte, as a
// plan has decided (dedupe/decide); it also takes that back.
//
// replace.go holds the order of a replace and of its way back, and undo and split
// go the same way with a fresh copy in the keeper's place.
//
// Rules that never bend:
//
//  1. A name leads to a complete file at every instant: names are exchanged,
//     never removed first (swap).
//  2. Nothing is replaced unless it was read in this run, found equal, and is
//     unchanged at that moment: device, inode, size, mtime, ctime, owner and
//     mode, seen through a descriptor (handle). Where times cannot vouch for
//     the content (Barrier), or nobody can say who writes (kernel.TakeLease), the two
//     files are compared byte for byte right before the replace.
//  3. A file that somebody has open for writing is neither replaced nor kept,
//     and a writer that comes in the middle gets his file back: what came out of
//     the exchange is looked at, and goes back if a lease was broken.
//  4. The keeper's data and the journal's record are on disk before the name
//     changes (Barrier, openKeeper, announceAll), and what undo and split have given back
//     before the journal tells of it (settler).
//  5. Directories are opened beneath the descriptor of their root and through no
//     symbolic link; what a name leads to counts only once a descriptor has
//     proved it.
//  6. A temporary name is removed only while it leads to the inode that we put
//     there; what cannot be explained stays and is told (swap.discard, Clean).
//  7. Whatever goes wrong with one name is its Outcome; the run goes on.
//
// There are three ways to share, one plan, one Apply and one journal (decide.Link).
// What they differ in:
//
//   - A hard link makes names of the victim lead to the keeper (swap).
//   - A reflink gives the victim's inode the keeper's blocks and leaves all else
//     (share). The kernel locks both inodes, flushes what is dirty, compares, and
//     shares in one step, so rule 2 needs no reading of ours, and rule 4 no fsync:
//     shared blocks are on disk, and which file uses them is in the filesystem's
//     own journal. A power cut leaves a victim with old or new blocks; they hold
//     the same bytes. Leases (rule 3) only keep us from files that would part
//     again at once. The victim is opened through one name; others do not matter.
//   - A symbolic link takes the place of a name as a hard link does (swap, symbol).
//     It is followed to the keeper before the exchange and walked once more after
//     it, and both directories must be where the scan met them, so that its text,
//     made of real paths, leads nowhere else. Two views of one file (mounts,
//     overlayfs, network) would be the end of it: see withoutAliases in hash, and
//     symbol.otherView. All names of an inode go, or none. What undo, split and
//     Clean find must say what the journal has (openSymbol).
//
// What a reflink frees is what nobody else used right before (decide.Layout, ownBytes).
// To take it back, files get blocks of their own in place (unsharing).
//
// Where to look:
//
//   - what a plan has to know beforehand: measure overlay rights views unmapped
//   - plans of a saved scan, and names outside the PATHs: narrow outside
//   - a run, announced in the journal and carried out by workers: apply job rest work removed
//   - what must hold of a file before anything is done to it: barrier handle compare sticky
//   - the act itself, for each kind of link: replace symbol share
//   - how it ended, and why: outcome refusal
//   - copies, and the names that are ours on the way: own dress temporary
//   - what killed runs have left: clean cleansymbol
//   - a run that is to be taken back, as journals tell it: undo recorded later need rehearse
//   - how that is done: taker separation adopt since unshare settler
//   - the same for paths, whatever journals tell: split splitlink splitblocks splitrehearse
//   - what has become of what was linked: verify
package dedupe
