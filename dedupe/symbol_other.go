//go:build !linux

package dedupe

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// Outside Linux a symbolic link cannot be held by a descriptor, nor can the real
// path of one be asked for: none are made.

const MakesSymlinks = false

func makeSymlink(string, int, string) error { return unix.ENOTSUP }

func openSymlink(int, string) (int, error) { return -1, unix.ENOTSUP }

func lookThrough(int, string) (int, error) { return -1, unix.ENOTSUP }

func openAgain(int) (int, error) { return -1, unix.ENOTSUP }

func dressSymlink(int, *scan.Stat) error { return unix.ENOTSUP }

func realPath(int) (string, error) { return "", unix.ENOTSUP }
