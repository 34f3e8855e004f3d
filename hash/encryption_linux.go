package hash

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxPolicy is more than any struct fscrypt_policy takes (linux/fscrypt.h), in bytes.
const maxPolicy = 64

// policyArg is the struct fscrypt_get_policy_ex_arg: the room for the policy, then itself.
type policyArg struct {
	size   uint64
	policy [maxPolicy]byte
}

// encryptionPolicy returns what link(2) compares of an encrypted file and a directory, the
// key's identifier included; nil where the kernel (before 5.4) does not tell.
func encryptionPolicy(fd int) []byte {
	arg := policyArg{size: maxPolicy}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.FS_IOC_GET_ENCRYPTION_POLICY_EX, uintptr(unsafe.Pointer(&arg)))
	if errno != 0 {
		return nil
	}
	return arg.policy[:min(arg.size, maxPolicy)]
}
