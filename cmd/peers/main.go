// Peers measures oneinode side by side with other duplicate finders: the same
// work, interleaved, with a warm and a cold page cache, every answer checked
// against an oracle of its own. It prints tables in markdown. As root it can drop
// the page cache; else only the warm runs are made.
//
//	peers -dir /big/disk                              # make the corpora, then measure
//	peers -dir /big/disk -corpora tree,media:0.3      # these alone, media at a scale of its own
//	peers -dir /big/disk -corpora "" -trees /usr      # a real tree
//	peers -dir /big/disk -corpora tree:0.3 -dedupe    # replacing, on fresh copies
//	peers -dir /big/disk -corpora tree:0.3 -nightly   # a night with nothing new, beside the bare walk
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type config struct {
	dir     string // of corpora and results
	scale   float64
	rounds  int
	limit   time.Duration // of one run
	corpora []string
	trees   []string
	tools   []string // only these; none = all
	cold    bool
	warm    bool
	dedupe  bool
	nightly bool
	make    bool // the corpora, and no more
	program string
	samples string    // file that keeps every run, "" for none
	out     io.Writer // of tables
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
	flags.Float64Var(&c.scale, "scale", 1, "share of the corpora's full size (50 GB, 1.3 million files)")
	flags.IntVar(&c.rounds, "rounds", 5, "runs of each tool")
	flags.DurationVar(&c.limit, "limit", 5*time.Minute, "kill a tool that takes longer, and leave it out of further rounds")
	flags.StringVar(&c.program, "program", "./oneinode", "oneinode to measure")
	flags.BoolVar(&c.cold, "cold", os.Geteuid() == 0, "with the page cache dropped before each run")
	flags.BoolVar(&c.warm, "warm", true, "with the page cache warm")
	flags.BoolVar(&c.dedupe, "dedupe", false, "replace copies, each run on a fresh copy of the corpus")
	flags.BoolVar(&c.nightly, "nightly", false, "compare a night with nothing new with the bare walk, on a copy of the corpus")
	flags.BoolVar(&c.make, "make", false, "make the corpora, ask the oracle, and measure nothing")
	corpora := flags.String("corpora", "tree,million,media,vm", "corpora to use; media:0.3 is media at that scale")
	trees := flags.String("trees", "", "real directories to use besides")
	tools := flags.String("tools", "", "tools to use, by the tables' names (all that are installed)")
	flags.StringVar(&c.samples, "samples", "", "keep every run in this `file`; medians are of all that it has for a table")
	file := flags.String("o", "", "append the tables to this file, too")
	_ = flags.Parse(args) // exits on an error
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag: -trees takes directories", flags.Arg(0))
	}
	c.corpora, c.trees, c.tools = words(*corpora), words(*trees), words(*tools)
	c.out = os.Stdout
	if *file != "" {
		f, err := os.OpenFile(*file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		c.out = io.MultiWriter(os.Stdout, f)
	}
	return c.start()
}

func (c *config) start() (err error) {
	if c.program, err = filepath.Abs(c.program); err != nil {
		return err
	}
	// The tools are given absolute paths, so that answers can be compared.
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return err
	}
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
			err = c.one(name, dir, dir+".oracle", tools)
		}
		failed = append(failed, err)
	}
	for _, dir := range c.trees {
		failed = append(failed, c.one(dir, dir, "", tools))
	}
	return errors.Join(failed...)
}

// one measures on one tree, or only asks the oracle, whose verdict the file known keeps.
func (c *config) one(name, dir, known string, tools []tool) error {
	if c.make {
		_, err := c.verdict(dir, known)
		return err
	}
	return c.measure(name, dir, known, tools)
}
