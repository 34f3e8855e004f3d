package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
)

const reportHelp = `Report shows saved scans (those of -o FILE.json or -o FILE.ndjson) again: in
another format, or in a view that answers a question. Several scans, of several
disks or hosts, become one report; their sets stay apart unless they lie on the
same device of the same host. A - stands for standard input.`

const reportExample = `  oneinode report -o found.html found.json
  oneinode report --format csv disk1.json disk2.ndjson`

type reportOptions struct {
	outputFlags
	null bool
}

func newReport(a *app) *cobra.Command {
	opts := reportOptions{outputFlags: newOutput()}
	cmd := &cobra.Command{
		Use:     "report [flags] SCAN.json...",
		Short:   "show saved scans again, in another format or view",
		Long:    reportHelp,
		Example: reportExample,
		RunE: func(_ *cobra.Command, args []string) error {
			a.logJSON = opts.log.value
			out, err := opts.check(a, args)
			if err != nil {
				return err
			}
			return runReport(a, out, args)
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *reportOptions) addFlags(f *pflag.FlagSet) {
	o.outputFlags.addFlags(f)
	f.BoolVarP(&o.null, "null", "0", false, "with --format fdupes a NUL instead of a newline ends each name")
}

func (o *reportOptions) check(a *app, files []string) (outputs, error) {
	if len(files) == 0 {
		return outputs{}, &usageError{err: errors.New("no saved scan given"), hint: "save one with: oneinode scan -o scan.json PATH"}
	}
	return o.outputFlags.check(o.null, false, a.stdout, a.stderr)
}

func runReport(a *app, out outputs, files []string) error {
	src, done, err := openSaved(files)
	defer done()
	if err != nil {
		return err
	}
	return out.write(a.stdout, src)
}

// openSaved opens saved scans as one source. The returned function closes them.
func openSaved(files []string) (report.Source, func(), error) {
	var open []*report.File
	done := func() {
		for _, f := range open {
			_ = f.Close() // was only read
		}
	}
	var sources []report.Source
	for _, name := range files {
		f, err := report.Open(name)
		if err != nil {
			return nil, done, savedFault(err)
		}
		open = append(open, f)
		sources = append(sources, f)
	}
	src, err := report.Merge(sources)
	if err != nil {
		return nil, done, savedFault(err)
	}
	return src, done, nil
}

func savedFault(err error) error {
	return &hintedError{err: fmt.Errorf("cannot read the saved scan %w", err), hint: "save one with: oneinode scan -o scan.json PATH"}
}
