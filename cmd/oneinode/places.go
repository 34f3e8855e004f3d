package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
)

// stateVariable names the state directory where no flag does: for tests and
// containers.
const stateVariable = "ONEINODE_STATE_DIR"

// stateDir returns where journals and locks lie: what the user said, for root
// the place of the system, else that of the XDG base directories.
func stateDir(given string) (string, error) {
	if given = cmp.Or(given, os.Getenv(stateVariable)); given != "" {
		return given, nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/oneinode", nil
	}
	return ownStateDir()
}

func ownStateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "oneinode"), nil
	}
	home := absolute(os.UserHomeDir())
	if home == "" {
		return "", &hintedError{err: errors.New("no home directory to keep journals in"), hint: "name a directory with --state-dir"}
	}
	return filepath.Join(home, ".local", "state", "oneinode"), nil
}

// systemCache is where root's digests lie. A variable, for tests that keep off it.
var systemCache = "/var/cache/oneinode"

// cacheDir returns where digests lie: what the user said, for root the place of
// the system, else that of the XDG base directories; "" where there is none.
func cacheDir(given string) string {
	if given != "" {
		return given
	}
	if os.Geteuid() == 0 {
		return systemCache
	}
	return ownDir(os.UserCacheDir())
}

// configDirs lists where jobs are: those of the machine, and a user's own.
func configDirs() []string {
	dirs := []string{systemConfig}
	if os.Geteuid() == 0 {
		return dirs
	}
	if own := ownDir(os.UserConfigDir()); own != "" {
		dirs = append(dirs, own)
	}
	return dirs
}

// ownDir is the program's part of a directory of the user, "" where there is none.
func ownDir(dir string, err error) string {
	if dir = absolute(dir, err); dir == "" {
		return ""
	}
	return filepath.Join(dir, "oneinode")
}

// absolute leaves out a directory that is relative, as with HOME=x: it would be another one in each
// working directory, and undo would find no journal (XDG base directories: such paths are ignored).
func absolute(dir string, err error) string {
	if err != nil || !filepath.IsAbs(dir) {
		return ""
	}
	return dir
}
