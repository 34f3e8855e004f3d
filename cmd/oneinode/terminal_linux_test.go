package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo terminal: what is written to tty can be read from screen.
func openTerminal(t *testing.T, columns uint16) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

// onTerminal carries a command line out and returns what a terminal of so many columns gets.
func onTerminal(t *testing.T, columns uint16, args ...string) string {
	t.Helper()
	screen, tty := openTerminal(t, columns)
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen) // ends with EIO when the other end is closed
		shown <- strings.ReplaceAll(string(text), "\r\n", "\n")
	}()
	a := &app{stdout: tty, stderr: tty, stdin: tty}
	a.run(context.Background(), args)
	tty.Close()
	return <-shown
}

// TestNoWordIsBroken: on a terminal what is said goes on in the next line between words, and so
// does the list of runs.
func TestNoWordIsBroken(t *testing.T) {
	t.Setenv("TERM", "xterm")
	dir := filepath.Join(t.TempDir(), "a directory with a name that takes some room")
	state := filepath.Join(t.TempDir(), "state")
	for _, name := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "f"), []byte("the same"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	saved := filepath.Join(t.TempDir(), "saved.json")
	onTerminal(t, 60, "scan", "--no-cache", "-q", "-o", saved, dir)
	quiet := []string{"--no-cache", "--progress", "never", "--state-dir", state}
	onTerminal(t, 60, append([]string{"dedupe", dir}, quiet...)...)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"runs", "--state-dir", state}, "\n    " + dir + "\n"},
		{[]string{"undo", "-n", "--progress", "never", "--state-dir", state}, "alone ·\n  0 would fail\n"},
		{[]string{"report", "--view", "migration", "--target", "exfat", saved}, "(often\n  128 KiB): small files take"},
		{[]string{"scan", "--min-size", "many", dir}, "write it as\n          4096, 10M or 1.5GiB\n"},
	} {
		text := onTerminal(t, 60, c.args...)
		if !strings.Contains(text, c.want) {
			t.Errorf("%q:\n%s", c.args, text)
		}
		for line := range strings.Lines(text) {
			if utf8.RuneCountInString(line) > 60+1 && !strings.HasPrefix(line, "  ") {
				t.Errorf("%q: too wide: %s", c.args, line)
			}
		}
	}
}
