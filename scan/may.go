package scan

import "golang.org/x/sys/unix"

// May asks for rights (unix.W_OK…) to a name in a directory, as one has them now. A kernel before
// 5.8 does not know AT_EACCESS, and what stands in for it knows no ACLs: that kernel is asked itself.
func May(dirfd int, name string, rights uint32) error {
	err := unix.Faccessat(dirfd, name, rights, unix.AT_EACCESS)
	if err != nil {
		err = unix.Faccessat(dirfd, name, rights, 0)
	}
	return err
}
