package target

import (
	"path"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

const destination = "/mnt/target" // in commands, for the user to put the real one in

// Commands returns what copies each of the roots, and what copies all of them at once: ""
// for those of several hosts, and where no one command can.
func (t *Target) Commands(roots []schema.Root) (each []string, all string) {
	places := t.places(roots)
	for i := range roots {
		each = append(each, t.command(&roots[i], places))
	}
	if !slices.ContainsFunc(roots, func(r schema.Root) bool { return r.Host != roots[0].Host }) {
		all = t.together(roots, places)
	}
	return each, all
}

// Needs is what a copy takes on the target, in bytes.
func (t *Target) Needs(a *schema.Amount) (with, without int64) {
	dirs := a.Directories * t.dirBytes
	with, without = a.Blocks+dirs, a.BlocksWithoutLinks+dirs
	if t.Links < 0 {
		with = without
	}
	return with, without
}

// together copies all roots of one host. With a ".." in a path rsync refuses --relative:
// then each goes by its own name, or "" is returned where two have one.
func (t *Target) together(roots []schema.Root, places map[string]int) string {
	from := within
	if slices.ContainsFunc(roots, func(r schema.Root) bool { return goesUp(r.Raw()) }) {
		if len(places) < len(roots) || places[".."]+places["/"] > 0 {
			return ""
		}
		from = byName
	}
	line := t.rsync("--relative", "--")
	for i := range roots {
		line = append(line, from(&roots[i]))
	}
	return show.ShellCommand(append(line, destination+"/")...)
}

// within is a root with a slash after a directory, which may have been given as a link: without
// the slash rsync would copy the link alone.
func within(r *schema.Root) string {
	if r.Amount.Directories > 0 {
		return strings.TrimSuffix(r.Raw(), "/") + "/"
	}
	return r.Raw()
}

// byName has rsync --relative make the name of a root alone, not its whole path.
func byName(r *schema.Root) string {
	root := within(r)
	at := strings.LastIndexByte(strings.TrimSuffix(root, "/"), '/') + 1
	return root[:at] + "./" + root[at:]
}

func goesUp(name string) bool { return slices.Contains(strings.Split(name, "/"), "..") }

// upwards copies one root to where rsync would put it with --relative, which takes no "..".
func (t *Target) upwards(r *schema.Root, to string) string {
	at := to + strings.TrimPrefix(path.Clean("/"+r.Raw()), "/")
	if r.Amount.Directories > 0 {
		at += "/"
	}
	return show.ShellCommand(t.rsync("--mkpath", "--", within(r), at)...)
}

// rsync are the words of a copy to the target. With --relative it makes the whole path of a root there.
func (t *Target) rsync(words ...string) []string {
	return slices.Concat([]string{"rsync"}, t.flags, words)
}

// places counts the roots by the name that they would get there.
func (t *Target) places(roots []schema.Root) map[string]int {
	places := map[string]int{}
	for i := range roots {
		places[t.place(&roots[i])]++
	}
	return places
}

func (t *Target) place(r *schema.Root) string {
	base := path.Base(r.Raw())
	if slices.Contains(t.Unfit, schema.UnfitCase) {
		return strings.ToLower(base)
	}
	return base
}

// command copies one root. The slash after a directory makes rsync copy what is
// in it; the directory there has the name of the one here. Where several roots have
// that name, the files of one would replace those of another: they keep their whole path,
// and those of several hosts, which may have one path, get a directory for each host.
func (t *Target) command(r *schema.Root, places map[string]int) string {
	to := destination + "/"
	if places[t.place(r)] > 1 {
		if r.Host != "" {
			to += strings.ReplaceAll(r.Host, "/", "-") + "/"
		}
		if goesUp(r.Raw()) {
			return t.upwards(r, to)
		}
		return show.ShellCommand(t.rsync("--relative", "--", within(r), to)...)
	}
	if base := path.Base(r.Raw()); r.Amount.Directories > 0 && base != "." && base != ".." && base != "/" {
		to += base + "/"
	}
	return show.ShellCommand(t.rsync("--", within(r), to)...)
}
