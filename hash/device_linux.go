package hash

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// maxStack bounds how many block devices may lie on each other.
const maxStack = 8

// diskOf finds what a filesystem lies on by what sysfs tells. A filesystem that
// is on no block device counts as one with those of its kind and source.
func diskOf(fs *scan.Filesystem) disk {
	major, minor := unix.Major(fs.Dev), unix.Minor(fs.Dev)
	if major == 0 { // btrfs, whose subvolumes have numbers of their own; network; memory
		var st unix.Stat_t
		if unix.Stat(fs.Source, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFBLK {
			return disk{name: fs.Type + " " + sourceOf(fs)}
		}
		major, minor = unix.Major(uint64(st.Rdev)), unix.Minor(uint64(st.Rdev))
	}
	name := fmt.Sprint(major, ":", minor)
	dir, err := filepath.EvalSymlinks("/sys/dev/block/" + name)
	if err != nil {
		return disk{name: name}
	}
	return diskAt(dir, maxStack)
}

// sourceOf is what filesystems have in common that are on no block device of
// their own: the server, or the pool.
func sourceOf(fs *scan.Filesystem) string {
	source, _, _ := strings.Cut(fs.Source, "/")
	return source
}

// diskAt goes from a directory of sysfs that stands for a block device (see
// sysfs-block in the kernel's Documentation/ABI) down to the disk: from a
// partition to its whole, from a volume to what it is made of. A volume on
// several disks is a disk of its own, which spins if all of them do.
func diskAt(dir string, depth int) disk {
	if exists(filepath.Join(dir, "partition")) {
		dir = filepath.Dir(dir)
	}
	below, _ := filepath.Glob(filepath.Join(dir, "slaves", "*"))
	if len(below) == 0 || depth == 0 {
		return disk{filepath.Base(dir), spins(dir)}
	}
	all := disk{filepath.Base(dir), true}
	for _, link := range below {
		next, err := filepath.EvalSymlinks(link)
		if err != nil {
			return disk{name: all.name}
		}
		d := diskAt(next, depth-1)
		if len(below) == 1 {
			return d
		}
		all.spins = all.spins && d.spins
	}
	return all
}

// spins reports whether a disk says that it rotates and can be believed.
func spins(dir string) bool {
	return sysfsLine(dir, "queue/rotational") == "1" && !isVirtualDisk(filepath.Base(dir), sysfsLine(dir, "device/vendor")+" "+sysfsLine(dir, "device/model"))
}

// virtualNames are the kernel's names for disks that a host lends, or that are
// made of something else; virtualMakers is what such disks say of themselves on
// a bus that has real ones too.
var (
	virtualNames  = []string{"vd", "xvd", "loop", "nbd", "rbd", "zram", "ram", "pmem", "ublk", "drbd", "bcache", "zd"}
	virtualMakers = []string{"qemu", "vmware", "vbox", "virtual", "msft", "google", "amazon", "xen", "0x1af4"}
)

func isVirtualDisk(name, maker string) bool {
	for _, v := range virtualNames {
		if strings.HasPrefix(name, v) {
			return true
		}
	}
	for _, v := range virtualMakers {
		if strings.Contains(strings.ToLower(maker), v) {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sysfsLine returns a line of sysfs, "" if there is none.
func sysfsLine(dir, name string) string {
	b, _ := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(b))
}
