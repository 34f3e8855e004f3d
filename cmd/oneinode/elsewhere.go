package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// elsewhere are flags of other programs (fdupes, jdupes, rdfind, rmlint, fclones,
// czkawka, hardlink), as their manuals have them, and what stands for them here. A
// letter means what most of them mean by it.
var elsewhere = []struct{ flags, hint string }{
	{"r R recurse recursive", "directories are always searched recursively; --depth N limits the depth"},
	{"H hardlinks hard-links match-links", "the names of one inode always count as one file"},
	{"L hardlink hard linkhard link-hard makehardlinks l linksoft link-soft symlink soft makesymlinks", "oneinode dedupe makes hard links, --link symlink symbolic ones"},
	{"reflink dedupe", "oneinode dedupe --link reflink shares the blocks"},
	{"follow followlinks follow-links symlinks symbolic-links followsymlinks", "symbolic links are never followed"},
	{"d D delete delete-method remove deleteduplicates", "nothing is deleted: oneinode dedupe PATH makes the copies names of one file"},
	{"directories", "PATHs need no flag"},
	{"y yes N noprompt no-prompt force interactive", "there are no questions: oneinode dedupe starts at once; with -n it only shows what it would do"},
	{"dryrun no-act simulate", "--dry-run shows what would be done"},
	{"m s S size min min-bytes minsize minimumsize minimum-size smallest minimal-file-size", "--min-size SIZE and --max-size SIZE choose by size"},
	{"max max-bytes maxsize maximum-size largest maximal-file-size", "--max-size SIZE leaves out what is bigger"},
	{"z noempty zeromatch zero-match ignoreempty", "empty files are left out, unless --min-size 0 is given"},
	{"A nohidden no-hidden hidden", "hidden files are looked at, unless --exclude '.*' is given"},
	{"e E X exclude-dir excluded-directories excluded-items ignore", "--exclude GLOB leaves files and directories out"},
	{"c content ignore-mode ignore-owner ignore-time p permissions respect-name respect-xattrs", "--match sets which metadata must agree; with --match none, only the content must"},
	{"paranoid quick partial-only", "only files whose whole content is equal count as equal"},
	{"1 one-fs no-crossdev exclude-other-filesystems", "-x stays on one filesystem"},
	{"max-depth maxdepth", "--depth N limits the depth"},
	{"I isolate", "--across-only links only between different PATHs"},
	{"j json csv html", "--format json, or -o FILE.json, and likewise for ndjson, csv and html"},
	{"print0 print-null", "with --format fdupes, -0 ends names with NUL"},
	{"O priority rank-by keep-oldest param-order", "--keep says which file of a set stays"},
}

// fromElsewhere is what to say of a flag that another program has, "" if none is known.
func fromElsewhere(flag string) string {
	for _, e := range elsewhere {
		if slices.Contains(strings.Fields(e.flags), flag) {
			return e.hint + "; "
		}
	}
	return ""
}

// flagHint says what may have been meant by a flag that cmd does not have.
func flagHint(cmd *cobra.Command, flag, near string) string {
	if !cmd.HasParent() {
		return near + "a command comes first, as in oneinode scan PATH; " + seePage(cmd)
	}
	if !isSearch(cmd) {
		return near + seePage(cmd)
	}
	return cmp.Or(noDryRun(cmd, flag), fromElsewhere(flag), near) + seePage(cmd)
}

// isSearch reports whether cmd does what other duplicate finders do.
func isSearch(cmd *cobra.Command) bool {
	return cmd.Name() == "scan" || cmd.Name() == "dedupe"
}
