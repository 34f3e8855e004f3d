// Package ioctl asks the kernel what no other call tells of an open file: requests of ioctl(2)
// that fill in a struct. It is for Linux only.
package ioctl
