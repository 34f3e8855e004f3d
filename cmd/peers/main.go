// Peers measures oneinode side by side with other duplicate finders: the same
// work, interleaved, with a warm and a cold page cache, every answer checked
// against an oracle of its own. It prints tables in markdown. As root it can drop
// the page cache; else only the warm runs are made.
//
//	peers -dir /big/disk              # make the corpora, then measure
//	peers -dir /big/disk -trees /usr  # measure a real tree besides
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type config struct {
	dir     string // of corpora and results
	scale   float64
	rounds  int
	corpora []string
	trees   []string
	tools   []string // only these; none = all
	cold    bool
	warm    bool
	dedupe  bool
	program string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var c config
	flags := flag.NewFlagSet("peers", flag.ExitOnError)
	flags.StringVar(&c.dir, "dir", "bench", "keep corpora here")
	flags.Float64Var(&c.scale, "scale", 1, "share of the corpora's full size (30 GB, 1.3 million files)")
	flags.IntVar(&c.rounds, "rounds", 5, "runs of each tool")
	flags.StringVar(&c.program, "program", "./oneinode", "oneinode to measure")
	flags.BoolVar(&c.cold, "cold", os.Geteuid() == 0, "also with the page cache dropped before each run")
	flags.BoolVar(&c.warm, "warm", true, "with the page cache warm")
	flags.BoolVar(&c.dedupe, "dedupe", false, "replace copies, each run on a fresh copy of the corpus")
	corpora := flags.String("corpora", "tree,million,media,vm", "corpora to use")
	trees := flags.String("trees", "", "real directories to use besides")
	tools := flags.String("tools", "", "tools to use (all that are installed)")
	_ = flags.Parse(args) // exits on an error
	c.corpora, c.trees, c.tools = words(*corpora), words(*trees), words(*tools)
	program, err := filepath.Abs(c.program)
	if err != nil {
		return err
	}
	c.program = program
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	return c.all()
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// all measures on every corpus. A wrong answer does not end the run: it is part
// of the table.
func (c *config) all() error {
	tools, missing := c.installed()
	for _, name := range missing {
		fmt.Fprintln(os.Stderr, "not installed, left out:", name)
	}
	var failed []error
	for _, name := range c.corpora {
		dir, err := c.corpus(name)
		if err == nil {
			err = c.measure(name, dir, tools)
		}
		failed = append(failed, err)
	}
	for _, dir := range c.trees {
		failed = append(failed, c.measure(dir, dir, tools))
	}
	return errors.Join(failed...)
}
