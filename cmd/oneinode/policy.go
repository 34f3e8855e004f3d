package main

import (
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
)

// policyFlags say what may become one, and what stays.
type policyFlags struct {
	link       parsed[decide.Link]
	match      parsed[decide.Match]
	absolute   bool
	keep       parsed[decide.Keep]
	references []string
	acrossOnly bool
	maxLinks   numberFlag
}

func newPolicy() policyFlags {
	return policyFlags{
		link:     newParsed("KIND", "hard", decide.LinkHard, decide.ParseLink).of(wordsTo(decide.LinkAuto)).unique(),
		match:    newParsed(kindList, "owner,group,mode,xattr", decide.MatchDefault, decide.ParseMatch).of(append(decide.MatchAll.Words(), "none", "all")).unique(),
		keep:     newParsed("WHICH", "most-links", decide.KeepMostLinks, decide.ParseKeep).of(wordsTo(decide.KeepFirst)).unique(),
		maxLinks: newNumber(2),
	}
}

func (p *policyFlags) addFlags(f *pflag.FlagSet) {
	f.Var(&p.link, "link", "how copies share their bytes: hard (one inode), reflink (separate files on the same blocks: btrfs, xfs), auto (reflink where supported, else hard), or symlink (symbolic links, also across filesystems)")
	f.BoolVar(&p.absolute, "absolute", false, "make symbolic links with absolute paths (default: relative)")
	f.Var(&p.match, "match", "metadata that must agree as well as the content: any of owner,group,mode,mtime,xattr,name, or none, or all")
	f.Var(&p.keep, "keep", "which inode of a set stays: most-links, oldest, newest, or first (order of the PATHs)")
	f.StringArrayVar(&p.references, "reference", nil, "replace nothing under `DIR`, and prefer its files as those that stay; duplicates that are all there are not looked for (repeatable)")
	f.BoolVar(&p.acrossOnly, "across-only", false, "link only between different PATHs, not within one: files under the first PATH of a set stay, copies under later ones become links; --keep chooses within the first PATH")
	f.Var(&p.maxLinks, "max-links", "give no inode more than N links")
}

// check turns the words into a policy for the roots of sel.
func (p *policyFlags) check(sel *selection) (decide.Policy, error) {
	if p.acrossOnly && len(sel.roots) < 2 {
		return decide.Policy{}, usage("--across-only needs at least two PATHs")
	}
	if p.link.value == decide.LinkSymlink && !kernel.MakesSymlinks {
		return decide.Policy{}, usage("--link symlink is for Linux")
	}
	if p.absolute && p.link.value != decide.LinkSymlink {
		return decide.Policy{}, usage("--absolute is for --link symlink")
	}
	var matchReflink decide.Match // nothing, unless the user says so: each keeps its own
	if p.match.given {
		matchReflink = p.match.value
	}
	return decide.Policy{
		Link: p.link.value, Match: p.match.value, MatchReflink: matchReflink, Absolute: p.absolute, Keep: p.keep.value, AcrossOnly: p.acrossOnly,
		MaxLinks: uint32(p.maxLinks.value), // parsed as a positive 32-bit number
		Unmapped: dedupe.UnmappedIDs(),
	}, nil
}
