// Package target knows the filesystems that trees may move to: how many names of an
// inode each can hold, which names it cannot, what a copy takes there, and which
// command makes it.
package target
