// Package scan finds which inodes exist under the given roots and under which
// names. It changes nothing, access times included where the kernel allows it.
// The walk opens directories only, and of regular files no other than a
// CACHEDIR.TAG that it was asked to honour.
//
// The unit of everything after it is the inode, not the name: two names of one
// inode are one file, so "already linked" needs no special case anywhere.
//
// Words: a name is one directory entry that leads to a regular file. An inode
// is identified by its ID (device and inode number). A domain is a device seen
// through one mount: link(2) works inside a domain and nowhere else, since the
// kernel refuses to link across mounts even on one device (link(2), EXDEV).
package scan
