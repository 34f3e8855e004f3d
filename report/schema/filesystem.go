package schema

// Filesystem is one device as seen through one mount.
type Filesystem struct {
	Device uint64 `json:"device"`
	Mount  string `json:"mount"` // mount point, "" if unknown
	Type   string `json:"type"`

	// Apart: no hard link leads from here to another one of the list that is the same
	// filesystem: ApartMount, ApartSubvolume. Equal files on both sides are no set.
	Apart    []string `json:"apart,omitempty"`
	ReadOnly bool     `json:"read_only,omitempty"` // the mount, or all of it: dedupe links nothing there

	Can    *Can    `json:"can,omitempty"`
	Host   string  `json:"host,omitempty"`
	Amount *Amount `json:"amount,omitempty"`
}

// Can is what is possible on a filesystem, and which guards hold there. It goes
// by the type; nothing is tried out.
type Can struct {
	HardLinks bool  `json:"hard_links"`
	LinkLimit int64 `json:"link_limit,omitempty"` // names that an inode may have; 0: no limit that is known
	Reflinks  bool  `json:"reflinks"`
	// Leases: programs that have a file open for writing are seen, so that it is
	// left alone; elsewhere each pair is compared byte for byte instead.
	Leases   bool `json:"leases"`
	Mappings bool `json:"mappings"` // those that have closed it and keep it mapped are seen, too
	Exchange bool `json:"exchange"` // names are exchanged in one step; elsewhere by link and rename
}

// Borders inside of a filesystem that no hard link crosses, for Filesystem.Apart.
const (
	ApartMount     = "mount"     // met behind several mounts
	ApartSubvolume = "subvolume" // several are met in one mount
)

// Borders lists the borders between a filesystem and others of the list.
func (f *Filesystem) Borders(list []Filesystem) (borders []string) {
	mounts, volumes := false, false
	for i := range list {
		o := &list[i]
		mounts = mounts || o.Host == f.Host && o.Device == f.Device && o.Mount != f.Mount
		volumes = volumes || o.Host == f.Host && o.Device != f.Device && o.Mount == f.Mount && o.Type == "btrfs" && f.Type == "btrfs"
	}
	if mounts {
		borders = append(borders, ApartMount)
	}
	if volumes {
		borders = append(borders, ApartSubvolume)
	}
	return borders
}

// NoteBorders has each filesystem tell them, where only hard links were asked for.
func (d *Document) NoteBorders() {
	for i := range d.Filesystems {
		f := &d.Filesystems[i]
		if f.Apart = nil; d.Run.Link == "" {
			f.Apart = f.Borders(d.Filesystems)
		}
	}
}
