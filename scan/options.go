package scan

import "time"

// Root is one PATH that the user gave: a directory (walked whole) or a file.
type Root struct {
	Path string
	// Protected: nothing beneath it is ever replaced (--reference). Protected
	// roots are walked first, so that a directory which is reachable from two
	// roots belongs to the protected one.
	Protected bool
	// Top, if set, is the PATH of an earlier scan that led to this one; both are
	// absolute. From there on no symbolic link is followed on the way to Path, as
	// the walk of that scan followed none.
	Top string
	// Listed: it comes from a list that somebody made before. What cannot be used
	// is told to OnSkip and left out; otherwise it ends the scan.
	Listed bool
}

// Options selects what a scan looks at. The zero value takes every regular file.
// The callbacks are called from many goroutines at once; nil means silence.
type Options struct {
	MinSize int64 // bytes; smaller files are left out
	MaxSize int64 // bytes; 0 = no limit
	Filter  Filter
	// Depth limits how far below a root the walk goes: 1 takes only the files
	// directly in it; 0 = no limit.
	Depth int
	// OneFilesystem (-x) leaves out what lies on another device than its root. As
	// with find -xdev and rsync -x that is st_dev: a btrfs subvolume has one of its
	// own and is left out, a bind mount of the same filesystem is entered.
	OneFilesystem bool
	MinAge        time.Duration // files with a younger mtime or ctime are left out
	// SkipMarked leaves out directories that hold a real CACHEDIR.TAG, with all
	// below. Those that hold an entry .nodedupe are always left out. Both hold also
	// when a PATH lies below one.
	SkipMarked bool
	// IgnoreMarks takes marked directories like others: marks say that nothing there
	// is to be linked, which is no reason against parting what is.
	IgnoreMarks bool
	// Symlinks has the walk read what symbolic links say, for Tree.Chain.
	Symlinks bool
	Walkers  int // goroutines; 0 = DefaultWalkers

	// Wanted, if set, takes only files of which it reports true. It is called from
	// many goroutines at once.
	Wanted func(ID) bool

	OnDir func() // a directory has been read
	// OnFiles tells of regular files that have been recorded, and of their bytes.
	OnFiles func(files, bytes int64)
	OnSkip  func(Skip) // something was left out for a reason worth telling
}

// Skip is a path that was left out, and why. Err is set when a system call
// failed and the user may want to act; a Skip without Err is by design.
type Skip struct {
	Path   string // bytes as the kernel gave them, perhaps not UTF-8
	Reason string // a Reason... constant of the package that found it
	Err    error
}

// Reasons for a Skip of this package.
const (
	ReasonUnreadableDir = "directory cannot be read"
	ReasonUnreadable    = "cannot be read"
	ReasonVanished      = "vanished during the scan"
	ReasonVirtual       = "virtual filesystem"
	ReasonOtherMount    = "other filesystem (-x)"
	ReasonMarked        = "marked .nodedupe"
	ReasonCacheDir      = "marked CACHEDIR.TAG"
	ReasonSeen          = "already scanned under another path"
	ReasonYoung         = "younger than --min-age"
	ReasonRootSymlink   = "symbolic link given as PATH"
	ReasonRootSpecial   = "neither a directory nor a regular file"
	ReasonBehindLink    = "leads through a symbolic link"
)
