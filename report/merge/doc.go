// Package merge makes one scan of several, of several disks or hosts.
//
// Sets of equal content become one where links between them could be. What several
// scans met counts once: the later look at an inode holds, and one that has changed
// in between leaves the sets of its earlier content. A name belongs to the inode that
// it led to last. What one scan protects, none gives up.
package merge
