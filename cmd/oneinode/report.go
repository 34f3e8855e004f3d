package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/merge"
	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/target"
	"github.com/oneinode/oneinode/report/view"
)

const reportHelp = `Report shows saved scans again (made by -o FILE.json or -o FILE.ndjson), in
another format, or in a view that answers a question. Scans of several disks or
hosts become one report. Their sets stay separate unless they are on the same
device of the same host. A - stands for standard input.`

const reportExample = `  oneinode report -o found.html found.json
  oneinode report --format csv disk1.json disk2.ndjson
  oneinode report --view dirs found.json
  oneinode report --view migration --target xfs found.json
  oneinode report --view diff last-month.json found.json`

const hintSave = "save one with: oneinode scan -o scan.json PATH"

type reportOptions struct {
	outputFlags
	null   bool
	view   parsed[string]
	target parsed[string]
}

func newReport(a *app) *cobra.Command {
	opts := reportOptions{
		outputFlags: newOutput(),
		view:        newChoice("VIEW", "", []string{"migration", "dirs", "diff"}),
		target:      newChoice("FILESYSTEM", "", target.Names()),
	}
	cmd := &cobra.Command{
		Use:     "report [flags] SCAN.json...",
		Short:   "show saved scans again, in another format or view",
		Long:    reportHelp,
		Example: reportExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.logJSON = opts.logsJSON()
			out, err := opts.check(a, args)
			if err != nil {
				return err
			}
			if opts.view.value != "" {
				return runView(cmd.Context(), a, out, func() (view.View, error) { return opts.makeView(args) })
			}
			return runReport(cmd.Context(), a, out, args)
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *reportOptions) addFlags(f *pflag.FlagSet) {
	f.Var(&o.view, "view", "show a view instead: migration (what a move takes), dirs (which directories share most), diff (what changed between two scans: OLD NEW)")
	f.Var(&o.target, "target", "with --view migration, the filesystem to move to: ext4, xfs, btrfs, zfs, ntfs, exfat, apfs, smb (default ext4)")
	o.outputFlags.addFlags(f)
	f.BoolVarP(&o.null, "null", "0", false, "names in --format fdupes end with NUL, not newline")
}

func (o *reportOptions) check(a *app, files []string) (outputs, error) {
	if len(files) == 0 {
		return outputs{}, &hintedError{usage("no saved scan given"), hintSave}
	}
	if err := cmp.Or(refuseEmpty("SCAN.json", files, "- is standard input"), o.checkView(len(files))); err != nil {
		return outputs{}, err
	}
	if o.null && o.format.value != report.FormatFdupes {
		return outputs{}, usage("-0 needs --format fdupes")
	}
	out, err := o.outputFlags.check(a.stdout)
	out.style.Null = o.null
	return out, err
}

func (o *reportOptions) checkView(files int) error {
	view := o.view.value
	switch {
	case o.target.value != "" && view != "migration":
		return usage("--target needs --view migration")
	case view == "":
		return nil
	case len(o.files) > 0:
		return usage("-o and --view contradict each other: a view goes to standard output")
	case o.quiet:
		return usage("-q and --view contradict each other")
	case o.format.value != report.FormatText && o.format.value != report.FormatJSON:
		return usage("--view %s is shown as text or json, not %s", view, o.format.word)
	case view == "diff" && files != 2:
		return usage("--view diff needs two saved scans: OLD NEW")
	}
	return nil
}

func runReport(ctx context.Context, a *app, out outputs, files []string) error {
	src, err := before(ctx, func() (schema.Source, error) { return openSaved(files) })
	if err != nil {
		return err
	}
	out.style.Next = savedNext(src, files[0])
	return out.write(ctx, a.stdout, src)
}

// savedNext returns the dedupe that carries out what a report shows. There is none for
// several scans, for one of another host, nor for what dedupe --from does not take.
func savedNext(src schema.Source, file string) string {
	f, isSaved := src.(*saved.File)
	run := src.Document().Run
	if !isSaved || f.IsLines() || file == "-" || run.Action == schema.ActionDedupe || run.Link == schema.LinkMixed {
		return ""
	}
	if host, err := os.Hostname(); err != nil || host != run.Host {
		return ""
	}
	return show.ShellCommand("oneinode", "dedupe", "--from", file)
}

// runView makes a view and writes it to standard output.
func runView(ctx context.Context, a *app, out outputs, makeView func() (view.View, error)) error {
	return output.Until(ctx, func() error {
		v, err := makeView()
		if err != nil {
			return err
		}
		if out.format == report.FormatJSON {
			return stdoutFault(show.WriteJSON(a.stdout, v))
		}
		var text bytes.Buffer // whole lines, to be folded
		_ = view.WriteText(&text, v)
		_, err = a.prose().Write(text.Bytes())
		return stdoutFault(err)
	})
}

func (o *reportOptions) makeView(files []string) (view.View, error) {
	if o.view.value == "diff" {
		return makeDiff(files[0], files[1])
	}
	src, err := openSaved(files)
	if err != nil {
		return nil, err
	}
	var v view.View
	if o.view.value == "dirs" {
		v, err = view.NewDirs(src)
	} else {
		v, err = view.NewMigration(src, o.target.value)
	}
	return v, viewFault(err)
}

func makeDiff(old, now string) (view.View, error) {
	was, err := openSaved([]string{old})
	if err != nil {
		return nil, err
	}
	is, err := openSaved([]string{now})
	if err != nil {
		return nil, err
	}
	v, err := view.NewChanges(was, is)
	return v, viewFault(err)
}

func viewFault(err error) error {
	if err == nil {
		return nil
	}
	return &hintedError{err, hintSave}
}

// openSaved opens saved scans as one source. The files stay open until the program ends, which
// it does with the command.
func openSaved(files []string) (schema.Source, error) {
	var sources []schema.Source
	for _, name := range files {
		f, err := saved.Open(name)
		if err != nil {
			return nil, savedFault(err)
		}
		sources = append(sources, f)
	}
	src, err := merge.Sources(sources)
	if errors.Is(err, merge.ErrMixed) {
		return nil, &hintedError{err, "give scans with the same --link, or scans that have no equal files in common"}
	}
	if err != nil {
		return nil, savedFault(err)
	}
	return src, nil
}

func savedFault(err error) error {
	return hintSaved(fmt.Errorf("cannot read the saved scan %w", err), hintSave)
}

// hintSaved adds a hint to why a saved scan cannot be read, unless that says what to do itself.
func hintSaved(err error, hint string) error {
	if _, ok := errors.AsType[*saved.FormError](err); ok {
		return err
	}
	return &hintedError{err: err, hint: hint}
}
