package dedupe

// Match is the set of metadata that must agree beside the content before two
// inodes may become one.
type Match uint8

const (
	MatchOwner Match = 1 << iota
	MatchGroup
	MatchMode
	MatchMtime
	MatchXattr
	MatchName // the inodes' sets of base names are the same

	MatchNone    Match = 0
	MatchDefault       = MatchOwner | MatchGroup | MatchMode | MatchXattr
	MatchAll           = MatchDefault | MatchMtime | MatchName
)

// Keep says which inode of a set stays when no reference decides.
type Keep uint8

const (
	KeepMostLinks Keep = iota // ties: oldest, then path order
	KeepOldest                // by mtime
	KeepNewest
	KeepFirst // order of the PATH arguments
)

// Policy is everything that the user decides about what may become one.
type Policy struct {
	Match      Match
	Keep       Keep
	AcrossOnly bool // a name is replaced only by an inode that has a name under another PATH
	// MaxLinks is the most links that an inode may get; 0 = what the filesystem allows.
	MaxLinks uint32
}
