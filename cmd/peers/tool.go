package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
)

// place is where a tool runs: what it may read and write.
type place struct {
	corpus string
	home   string // empty before each run, so that no tool's cache helps
	out    string // file for its answer, beside standard output
}

// tool is a duplicate finder.
type tool struct {
	name string
	scan func(p place) []string // program and arguments
	// keeps: the second run of a pair is the one that counts, home stays.
	keeps  bool
	answer func(stdout, out []byte) [][]string
	// dedupe replaces copies by hard links, nil if it cannot.
	dedupe func(p place) []string
}

// candidates lists oneinode first, then the peers with the flags that make them do
// the same work: every regular file, hidden ones included, from one byte on,
// whole content compared or hashed with 128 bits or more.
func (c *config) candidates() []tool {
	own := func(more ...string) func(place) []string {
		return func(p place) []string {
			return append([]string{c.program, "scan", "--format", "fdupes", "--progress", "never", p.corpus}, more...)
		}
	}
	cached := func(p place) []string { return own("--cache-dir", p.home)(p) }
	ownDedupe := func(p place) []string {
		return []string{c.program, "dedupe", "-q", "--no-cache", "--state-dir", p.home, "--match", "none", p.corpus}
	}
	return []tool{
		{name: "oneinode", scan: own("--no-cache"), answer: blankLines, dedupe: ownDedupe},
		{name: "oneinode (first night)", scan: cached, answer: blankLines},
		{name: "oneinode (second night)", scan: cached, keeps: true, answer: blankLines},
		{
			name: "czkawka", answer: czkawkaJSON,
			scan: func(p place) []string {
				return []string{"czkawka_cli", "dup", "-d", p.corpus, "-m", "1", "-W", "-H", "-C", p.out}
			},
			dedupe: func(p place) []string {
				return []string{"czkawka_cli", "dup", "-d", p.corpus, "-m", "1", "-W", "-H", "-D", "HARD"}
			},
		},
		{
			name: "fclones", answer: blankLines,
			scan:   func(p place) []string { return fclones(p) },
			dedupe: func(p place) []string { return fclonesLink(p) },
		},
		{
			name: "fclones -t2", answer: blankLines,
			scan:   func(p place) []string { return fclones(p, "-t", "2") },
			dedupe: func(p place) []string { return fclonesLink(p, "-t", "2") },
		},
		{name: "fdupes", answer: blankLines, scan: func(p place) []string { return []string{"fdupes", "-r", "-q", p.corpus} }},
		{
			name: "hardlink", answer: hardlinkPairs,
			scan:   func(p place) []string { return []string{"hardlink", "-n", "-c", "-v", "-v", p.corpus} },
			dedupe: func(p place) []string { return []string{"hardlink", "-c", "-q", p.corpus} },
		},
		{
			name: "jdupes", answer: blankLines,
			scan:   func(p place) []string { return []string{"jdupes", "-r", "-q", p.corpus} },
			dedupe: func(p place) []string { return []string{"jdupes", "-r", "-q", "-L", p.corpus} },
		},
		{
			name: "jdupes -Q", answer: blankLines,
			scan:   func(p place) []string { return []string{"jdupes", "-r", "-q", "-Q", p.corpus} },
			dedupe: func(p place) []string { return []string{"jdupes", "-r", "-q", "-Q", "-L", p.corpus} },
		},
		{
			name: "rdfind", answer: rdfindLines,
			scan: func(p place) []string { return []string{"rdfind", "-dryrun", "true", "-outputname", p.out, p.corpus} },
			dedupe: func(p place) []string {
				return []string{"rdfind", "-makehardlinks", "true", "-makeresultsfile", "false", p.corpus}
			},
		},
		{
			name: "rmlint", answer: blankLines,
			scan: func(p place) []string {
				return []string{"rmlint", "-T", "df", "--hidden", "-o", "fdupes:" + p.out, p.corpus}
			},
		},
	}
}

func fclones(p place, more ...string) []string {
	return append([]string{"fclones", "group", p.corpus, "-f", "fdupes", "--hidden", "--no-ignore", "-s", "1"}, more...)
}

// fclonesLink has it write what it found, and another run link that.
func fclonesLink(p place, more ...string) []string {
	const script = `corpus=$1 out=$2; shift 2
fclones group "$corpus" --hidden --no-ignore -s 1 -o "$out" "$@" && fclones link <"$out"`
	return append([]string{"sh", "-c", script, "sh", p.corpus, p.out}, more...)
}

// installed returns the tools that are there and wanted, and the names of others.
func (c *config) installed() (found []tool, missing []string) {
	for _, t := range c.candidates() {
		if len(c.tools) > 0 && !slices.Contains(c.tools, t.name) {
			continue
		}
		if _, err := exec.LookPath(t.scan(place{})[0]); err != nil {
			missing = append(missing, t.name)
			continue
		}
		found = append(found, t)
	}
	return found, missing
}

// blankLines reads one path a line, with a blank line between sets.
func blankLines(stdout, out []byte) (sets [][]string) {
	for block := range strings.SplitSeq(strings.TrimSpace(string(stdout)+string(out)), "\n\n") {
		if lines := strings.Split(strings.TrimSpace(block), "\n"); len(lines) > 1 {
			sets = append(sets, lines)
		}
	}
	return sets
}

// hardlinkPairs reads "[DryRun] Linking A to B (-size)".
func hardlinkPairs(stdout, _ []byte) (sets [][]string) {
	index := map[string]int{}
	for line := range strings.Lines(string(stdout)) {
		rest, ok := strings.CutPrefix(line, "[DryRun] Linking ")
		from, to, both := strings.Cut(rest, " to ")
		end := strings.LastIndex(to, " (-")
		if !ok || !both || end < 0 {
			continue
		}
		i, known := index[from]
		if !known {
			i = len(sets)
			index[from], sets = i, append(sets, []string{from})
		}
		sets[i] = append(sets[i], to[:end])
	}
	return sets
}

// rdfindLines reads its results file: type, id, depth, size, device, inode,
// priority, name; copies have the negative id of their first occurrence.
func rdfindLines(_, out []byte) [][]string {
	sets := map[string][]string{}
	for line := range bytes.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(string(line), "\n"), " ", 8)
		if len(fields) == 8 && strings.HasPrefix(fields[0], "DUPTYPE") {
			id := strings.TrimPrefix(fields[1], "-")
			sets[id] = append(sets[id], fields[7])
		}
	}
	var list [][]string
	for _, set := range sets {
		list = append(list, set)
	}
	return list
}

// czkawkaJSON reads {"size": [[{"path": ...}]]}.
func czkawkaJSON(_, out []byte) (sets [][]string) {
	var bySize map[string][][]struct{ Path string }
	if json.Unmarshal(out, &bySize) != nil {
		return nil
	}
	for _, groups := range bySize {
		for _, group := range groups {
			var set []string
			for _, file := range group {
				set = append(set, file.Path)
			}
			sets = append(sets, set)
		}
	}
	return sets
}
