package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// longestNext is a screen of 25 lines: a longer command (a shell's * of many files) would
// push the figures above it out of sight, and nobody reads it.
const longestNext = 25 * 80

// nextCommand returns the dedupe that goes with a scan or a dry run: the same files
// under the same policy. There is none when the PATHs or the scan came from standard input, which
// cannot be read again, and none that fills the screen.
func nextCommand(flags *pflag.FlagSet, paths []string) string {
	words := []string{"oneinode", "dedupe"}
	repeatable := true
	flags.Visit(func(f *pflag.Flag) {
		if (f.Name == "files-from" || f.Name == "from") && f.Value.String() == "-" {
			repeatable = false
		}
		if saysWhat(f.Name) && (f.Name != "null" || flags.Changed("files-from")) { // else it is for fdupes
			words = append(words, flagWords(f)...)
		}
	})
	if !repeatable {
		return ""
	}
	if slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, "-") }) {
		words = append(words, "--")
	}
	if command := show.ShellCommand(append(words, paths...)...); len(command) <= longestNext {
		return command
	}
	return ""
}

// saysWhat reports whether a flag of scan or of a dry run changes what dedupe would do, rather
// than how scan tells of it.
func saysWhat(name string) bool {
	return !slices.Contains([]string{
		"output", "format", "quiet", "verbose", "progress", "color", "log-format", "exit-code", "dry-run", "threads", "device", "find-outside", "no-cache", "cache-dir",
		"max-duration", "max-read", "io-limit", "idle", "metrics",
	}, name)
}

func flagWords(f *pflag.Flag) []string {
	if f.Value.Type() == "bool" {
		if f.Value.String() != "true" {
			return nil
		}
		return []string{"--" + f.Name}
	}
	list, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return []string{"--" + f.Name, f.Value.String()}
	}
	var words []string
	for _, value := range list.GetSlice() {
		words = append(words, "--"+f.Name, value)
	}
	return words
}

// checkNext keeps a scan or a dry run from naming a dedupe that could link nothing: all lies on
// read-only mounts, which the report tells, or in directories of others.
func (r *run) checkNext(plan *decide.Plan) {
	if r.outputs.style.Next == "" || plan.Totals().Reclaimable == 0 {
		return
	}
	possible, denied, several := couldLink(plan)
	if possible {
		return
	}
	r.outputs.style.Next = ""
	if denied != "" && !r.quiet {
		r.troubles.Note(deniedNote(denied, several))
	}
}

// foretell has a dry run say what its run would say of writers that it cannot see, and of an undo.
func (r *run) foretell(plan *decide.Plan) {
	if r.quiet {
		return
	}
	for _, u := range dedupe.Unleased(plan) {
		r.onUnguarded(u)
	}
}

// deniedNote says who can link where this user may not write.
func deniedNote(dir string, several bool) string {
	note := "dedupe could link nothing here: this user may not write to " + show.Quote(dir)
	if several {
		note += " nor to the other directories of copies"
	}
	return note + "; run it as root or as the owner, who may need chmod u+w first"
}

// couldLink reports whether one name of a plan, which the first tells as a rule, could be
// replaced by this user; if none, it returns a directory that may not be written to, and
// whether it is one of several.
func couldLink(plan *decide.Plan) (possible bool, denied string, several bool) {
	tree := plan.Result().Tree
	isReadOnly := func(n scan.Name) bool { return tree.Filesystem(n).ReadOnly }
	for sp := range plan.Sets() {
		if !slices.ContainsFunc(sp.Inodes, func(ip decide.InodePlan) bool { return !isReadOnly(ip.Name) }) {
			continue
		}
		for _, ip := range sp.Inodes {
			for _, n := range ip.Replace {
				dir := filepath.Dir(tree.Path(n))
				if sp.Link == decide.LinkReflink || mayWrite(dir) { // reflinks change no directory
					return true, "", false
				}
				denied, several = dir, several || denied != "" && denied != dir
			}
		}
	}
	return false, denied, several
}

// mayWrite is false only if that is certain.
func mayWrite(dir string) bool {
	const writeOK = 2 // W_OK of access(2)
	return os.Geteuid() == 0 || syscall.Access(dir, writeOK) != syscall.EACCES
}
