package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestHelpFitsTheTerminal: what is said of a flag stays in its column.
func TestHelpFitsTheTerminal(t *testing.T) {
	for _, columns := range []int{80, 120} {
		_, flags, _ := strings.Cut(usageOf(t, "dedupe", columns), "\nFlags:\n")
		if !strings.Contains(flags, "--link KIND") {
			t.Fatalf("no flags in %q", flags)
		}
		for line := range strings.Lines(flags) {
			if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > columns {
				t.Errorf("%d of %d columns: %s", width, columns, line)
			}
		}
	}
}

// usageOf is what the help of a command shows on a terminal of so many columns.
func usageOf(t *testing.T, name string, columns int) string {
	t.Helper()
	root := newRoot(&app{})
	root.SetUsageTemplate("") // as cobra has it
	divideFlags(root, columns)
	cmd, _, err := root.Find([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	return cmd.UsageString()
}

// TestHelpHasParts: each flag is shown once, below the heading that it belongs to.
func TestHelpHasParts(t *testing.T) {
	_, text, _ := strings.Cut(usageOf(t, "dedupe", 0), "\nFlags:\n")
	heading, at := "Flags", map[string]string{}
	for line := range strings.Lines(text) {
		if title, found := strings.CutSuffix(line, ":\n"); found && !strings.HasPrefix(line, " ") {
			heading = title
		}
		_, flag, found := strings.Cut(line, "--")
		name, _, _ := strings.Cut(flag, " ")
		if at[name] != "" {
			t.Errorf("--%s is shown twice", name)
		}
		if found && strings.HasPrefix(line, " ") {
			at[name] = heading
		}
	}
	for name, want := range map[string]string{
		"dry-run": "Flags", "min-size": "Which files", "link": "What is linked, and what stays",
		"output": "Output", "progress": "Output", "idle": "Limits, and unattended runs",
		"device": "Cache and disks", "lock-wait": "Journals and locks",
	} {
		if at[name] != want {
			t.Errorf("--%s is below %q, want %q", name, at[name], want)
		}
	}
	root := newRoot(&app{})
	cmd, _, _ := root.Find([]string{"dedupe"})
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if at[f.Name] == "" && !f.Hidden {
			t.Errorf("--%s is not shown", f.Name)
		}
	})
}

// TestHelpFitsATerminal: 80 columns are what a terminal has at least.
func TestHelpFitsATerminal(t *testing.T) {
	root := newRoot(&app{})
	for _, cmd := range append(root.Commands(), root) {
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example + "\n" + commandList(cmd)) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", cmd.Name(), n, line)
			}
		}
	}
}

// commandList is the part of the help that lists the commands of cmd.
func commandList(cmd *cobra.Command) string {
	_, list, _ := strings.Cut(cmd.UsageString(), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	return list
}

// TestPresetsFitATerminal: run --list is read like a help.
func TestPresetsFitATerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "list"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := listJobs(&app{stdout: file}, jobSet{}, "/etc/oneinode"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil || !strings.Contains(string(text), "preset backup") {
		t.Fatalf("%v, %s", err, text)
	}
	for line := range strings.Lines(string(text)) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestReflowed: what is set for 80 columns is broken at words where there are fewer, but for lists.
func TestReflowed(t *testing.T) {
	text := "One two three\nfour.\n\n  a command   stays as it is\n\nHead:\n  item one\n\nEnd."
	want := "One two\nthree\nfour.\n\n  a command   stays as it is\n\nHead:\n  item one\n\nEnd."
	if got := reflowed(text, 10); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, width := range []int{0, 80, 120} {
		if got := reflowed(text, width); got != text {
			t.Errorf("%d columns: %q", width, got)
		}
	}
}
