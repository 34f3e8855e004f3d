package hash

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// xattr is one extended attribute.
type xattr struct {
	name  string
	value []byte
}

// errRaced says that the attributes kept changing while they were read.
var errRaced = errors.New("extended attributes keep changing")

// errUnmapped says that an ACL gives rights to somebody who is not told.
var errUnmapped = errors.New("an ACL names users or groups that are not known in this user namespace or mount")

// xattrTries bounds how often a list or value that grew between two calls is
// asked for again: who changes attributes faster than that also changes ctime,
// and the file is given up anyway.
const xattrTries = 4

// XattrDigest condenses all extended attributes of an open file, ACLs,
// capabilities and security labels included; zero when there are none or the
// filesystem knows none. After an error nothing may be said about them.
func XattrDigest(fd int) (digest [16]byte, err error) {
	list, err := readXattrs(fd)
	return digestXattrs(list), err
}

// digestXattrs is 128 bits of BLAKE3 over the attributes, sorted by name, each
// name and value behind its length, so that no two lists run together the same
// way. No attributes give zero.
func digestXattrs(list []xattr) (digest [16]byte) {
	if len(list) == 0 {
		return digest
	}
	slices.SortFunc(list, func(a, b xattr) int { return cmp.Compare(a.name, b.name) })
	h := blake3.New()
	var length [8]byte
	for _, x := range list {
		binary.LittleEndian.PutUint64(length[:], uint64(len(x.name)))
		h.Write(length[:])
		h.WriteString(x.name)
		binary.LittleEndian.PutUint64(length[:], uint64(len(x.value)))
		h.Write(length[:])
		h.Write(x.value)
	}
	var sum [32]byte
	h.Sum(sum[:0])
	copy(digest[:], sum[:])
	return digest
}

// Xattrs returns all extended attributes of an open file, names to values; nil
// when there are none.
func Xattrs(fd int) (map[string][]byte, error) {
	list, err := readXattrs(fd)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	all := make(map[string][]byte, len(list))
	for _, x := range list {
		all[x.name] = x.value
	}
	return all, nil
}

// readXattrs reads names and values, in no order that means anything.
func readXattrs(fd int) ([]xattr, error) {
	names, err := XattrNames(fd)
	if err != nil {
		return nil, err
	}
	list := make([]xattr, 0, len(names))
	for _, name := range names {
		value, err := xattrValue(fd, name)
		if err != nil {
			return nil, err
		}
		if name == "system.posix_acl_access" && namesUnmapped(value) {
			return nil, errUnmapped
		}
		list = append(list, xattr{name, value})
	}
	return list, nil
}

// namesUnmapped reports whether an ACL, as in posix_acl_xattr.h of the kernel, has an entry
// of a user or group that the user namespace or an idmapped mount does not map. All of these
// are shown as (uid_t)-1, so two ACLs that look the same may be for different people.
func namesUnmapped(acl []byte) bool {
	const header, entry, user, group = 4, 8, 0x02, 0x08
	for at := header; at+entry <= len(acl); at += entry {
		tag, id := binary.LittleEndian.Uint16(acl[at:]), binary.LittleEndian.Uint32(acl[at+4:])
		if (tag == user || tag == group) && id == math.MaxUint32 {
			return true
		}
	}
	return false
}

// XattrNames lists the extended attributes of an open file; none for most, at the price
// of one call.
func XattrNames(fd int) ([]string, error) {
	var first [256]byte
	buf := first[:]
	for range xattrTries {
		n, err := unix.Flistxattr(fd, buf)
		switch {
		case err == nil && n == 0, err == unix.ENOTSUP, err == unix.EOPNOTSUPP:
			return nil, nil
		case err == nil && n < len(buf):
			return splitXattrNames(string(buf[:n]))
		case err == nil || err == unix.ERANGE:
			buf = make([]byte, xattrListSize(fd))
		case err != unix.EINTR:
			return nil, err
		}
	}
	return nil, errRaced
}

// splitXattrNames takes apart the answer of flistxattr(2): names, each ended
// by a zero byte. FreeBSD puts a length before each name instead and leaves out
// its namespace: that is not understood here, and told as an error.
func splitXattrNames(list string) ([]string, error) {
	names, ended := strings.CutSuffix(list, "\x00")
	if !ended {
		return nil, errors.ErrUnsupported
	}
	return strings.Split(names, "\x00"), nil
}

// xattrListSize asks how long the list is, with room for a name more.
func xattrListSize(fd int) int {
	n, err := unix.Flistxattr(fd, nil)
	if err != nil {
		return 0
	}
	return n + 256
}

func xattrValue(fd int, name string) ([]byte, error) {
	buf := make([]byte, 256)
	for range xattrTries {
		n, err := unix.Fgetxattr(fd, name, buf)
		switch {
		case err == nil && n < len(buf):
			return buf[:n], nil
		case err == nil || err == unix.ERANGE:
			size, err := unix.Fgetxattr(fd, name, nil)
			if err != nil {
				return nil, err
			}
			buf = make([]byte, size+256)
		case err != unix.EINTR:
			return nil, err
		}
	}
	return nil, errRaced
}
