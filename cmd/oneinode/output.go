package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/schema"
)

// outputFlags say what is told, where, and how.
type outputFlags struct {
	watchFlags
	files   []string
	format  parsed[report.Format]
	quiet   bool
	verbose bool
	color   parsed[report.When]
	log     parsed[report.Format]
}

func newOutput() outputFlags {
	return outputFlags{
		watchFlags: newWatchFlags(),
		format:     newChoice("FORMAT", report.FormatText, report.Formats()),
		color:      newChoice("WHEN", report.Auto, report.Whens()),
		log:        newChoice("FORMAT", report.FormatText, textOrJSON()),
	}
}

// textOrJSON are the formats of what is a list or a log, not a report.
func textOrJSON() []string { return []string{"text", "json"} }

func (o *outputFlags) logsJSON() bool { return o.log.value == report.FormatJSON }

func (o *outputFlags) addFlags(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.files, "output", "o", nil, "also write the result to `FILE`; its extension sets the format: .json, .ndjson, .csv, .html, .txt (repeatable)")
	f.Var(&o.format, "format", "format of standard output: text, json, ndjson, csv, fdupes, html")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing when all goes well")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show all sets, and for each reason a few of the paths that were left out")
	o.watchFlags.addFlags(f)
	f.Var(&o.color, "color", "colour the text: auto (on a terminal, without NO_COLOR), always, never")
	f.Var(&o.log, "log-format", "format of messages on standard error: text, json")
}

// outputs is what the flags come to.
type outputs struct {
	watchFlags
	files  []report.Output
	format report.Format
	style  report.Style
	quiet  bool
}

func (o *outputFlags) check(stdout *os.File) (outputs, error) {
	out := outputs{
		watchFlags: o.watchFlags, format: o.format.value, quiet: o.quiet,
		style: report.Style{Verbose: o.verbose, Terminal: report.IsTerminal(stdout), Color: o.color.value.ShowColor(stdout), Width: report.Width(stdout)},
	}
	switch {
	case o.quiet && o.verbose:
		return out, usage("-q and -v contradict each other")
	case o.quiet && o.format.value != report.FormatText:
		return out, usage("-q and --format %s contradict each other", o.format.word)
	}
	for _, file := range o.files {
		f, err := report.NewOutput(file)
		if err != nil {
			return out, outputFault(err)
		}
		out.files = append(out.files, f)
	}
	return out, nil
}

// formats lists every format that will be written.
func (o *outputs) formats() []report.Format {
	var formats []report.Format
	if !o.quiet {
		formats = append(formats, o.format)
	}
	for _, f := range o.files {
		formats = append(formats, f.Format)
	}
	return formats
}

// write writes the files first: standard output may be a pipe that nobody reads
// to its end. Once ctx ends nothing is.
func (o *outputs) write(ctx context.Context, stdout *os.File, src schema.Source) error {
	if err := o.writeFiles(ctx, src); err != nil {
		return err
	}
	return o.show(ctx, stdout, src)
}

// writeResult is write for a run: what it has done is told, whichever files cannot be written,
// and a signal keeps none from being written.
func (o *outputs) writeResult(ctx context.Context, stdout *os.File, src schema.Source) error {
	unwritten := o.writeFiles(context.WithoutCancel(ctx), src)
	return errors.Join(unwritten, o.show(ctx, stdout, src))
}

// writeFiles writes all that can be written.
func (o *outputs) writeFiles(ctx context.Context, src schema.Source) error {
	var faults []error
	for _, f := range o.files {
		if err := f.Write(ctx, src, o.style.Next); err != nil {
			faults = append(faults, outputFault(err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(faults...)
}

// show writes to standard output, where something is wanted there.
func (o *outputs) show(ctx context.Context, stdout *os.File, src schema.Source) error {
	if o.quiet {
		return nil
	}
	return output.Until(ctx, func() error { return stdoutFault(report.Write(stdout, src, o.format, o.style)) })
}
