package realfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of linux/fscrypt.h.
const (
	setEncryptionPolicy = 0x800c6613
	removeEncryptionKey = 0xc0406618
	addKeySize          = 80 // struct fscrypt_add_key_arg without the key
)

// encrypt makes a directory whose files the filesystem encrypts by a key of its own, and
// returns what takes the key away.
func encrypt(t testing.TB, dir string, key byte) (lock func()) {
	t.Helper()
	must(t, os.Mkdir(dir, 0o755))
	id := addKey(t, dir, key)
	policy := append([]byte{unix.FSCRYPT_POLICY_V2, unix.FSCRYPT_MODE_AES_256_XTS, unix.FSCRYPT_MODE_AES_256_CTS, 0, 0, 0, 0, 0}, id...)
	onDirectory(t, dir, setEncryptionPolicy, policy)
	remove := make([]byte, 64)
	remove[0] = unix.FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER
	copy(remove[8:], id)
	return func() { onDirectory(t, filepath.Dir(dir), removeEncryptionKey, remove) }
}

// addKey brings a key and returns its identifier.
func addKey(t testing.TB, dir string, key byte) []byte {
	t.Helper()
	add := make([]byte, addKeySize+64)
	add[0] = unix.FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER
	add[40] = 64 // raw_size
	add[addKeySize] = key
	onDirectory(t, dir, unix.FS_IOC_ADD_ENCRYPTION_KEY, add)
	return add[8:24]
}

// onDirectory is ioctl(2) with an argument in memory.
func onDirectory(t testing.TB, dir string, request uintptr, arg []byte) {
	t.Helper()
	f, err := os.Open(dir)
	must(t, err)
	defer f.Close()
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&arg[0])))
	switch errno {
	case 0:
	case unix.EOPNOTSUPP, unix.ENOTTY:
		missing(t, "a kernel without encryption of files: %v", errno)
	default:
		t.Fatalf("ioctl %#x: %v", request, errno)
	}
}

// TestEncrypted: a plain file never becomes a link to an encrypted one, which could not be
// read whenever the key is taken away; files of two keys are told apart beforehand.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	dir := Ext4(t, Disk{Mkfs: []string{"-O", "encrypt"}})
	lock := encrypt(t, filepath.Join(dir, "home"), 1)
	encrypt(t, filepath.Join(dir, "other"), 2)
	alike(t, dir, "home/a", "home/b", "other/a", "other/b", "plain/a", "plain/b")
	oneinode := Oneinode(t)
	before := Manifest(t, dir)
	plan := oneinode.Dedupe(0, "-n", dir)
	done := oneinode.Dedupe(0, "--match", "none", dir)
	if done.Linked != 3 || done.Skipped != 0 || done.FreedBytes != plan.ReclaimableBytes {
		t.Errorf("planned %+v\n   done %+v", plan, done)
	}
	CheckSame(t, before, Manifest(t, dir))
	lock()
	for _, name := range []string{"plain/a", "plain/b", "other/a", "other/b"} {
		if _, err := os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Errorf("without the key of another directory: %v", err)
		}
	}
	if _, err := os.ReadFile(filepath.Join(dir, "home/a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the key is still there: %v", err)
	}
}

// TestEncryptedUndo: without the key the names of an encrypted directory are not found. They
// are not gone: undo and verify say so, and the run can be taken back later.
func TestEncryptedUndo(t *testing.T) {
	t.Parallel()
	dir := Ext4(t, Disk{Mkfs: []string{"-O", "encrypt"}})
	lock := encrypt(t, filepath.Join(dir, "home"), 1)
	alike(t, dir, "home/a", "home/b", "home/below/c", "plain/a", "plain/b")
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	lock()
	for _, command := range []string{"verify", "undo"} {
		r := oneinode.Run(command)
		if r.Code != 3 || !strings.Contains(r.Stderr, "key of its encrypted directory is not there: unlock") || strings.Contains(r.Stderr, "gone") {
			t.Errorf("%s without the key: exit code %d\n%s%s", command, r.Code, r.Stdout, r.trouble())
		}
	}
	addKey(t, dir, 1)
	oneinode.Run("undo").want(t, 0)
	checkUndone(t, before, Manifest(t, dir))
}
