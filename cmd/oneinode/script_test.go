package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// rootCache names the cache of a script that root runs.
const rootCache = "ONEINODE_TEST_ROOT_CACHE"

func TestMain(m *testing.M) {
	if child, is := signalChildren[os.Getenv(signalChild)]; is {
		child() // it ends at once: what testscript makes would stay
	}
	// One script at a time: between fork and exec a command of another one would have open for writing
	// what a script just writes, and files that are open for writing are left alone.
	flag.Set("test.parallel", "1")
	testscript.Main(m, map[string]func(){"oneinode": func() {
		systemCache = cmp.Or(os.Getenv(rootCache), systemCache)
		main()
	}})
}

// TestScript runs testdata/script/*.txtar, one subject a file. Beside the
// commands of testscript they know:
//
//	rawfile NAME TEXT   makes a file; Go escapes in NAME give any byte
//	fill NAME SIZE TEXT makes a file of that size out of a text
//	hardlink OLD NEW    makes a hard link
//	sameinode A B...    fails unless all are one inode; ! fails if any two are
//	code N COMMAND...   runs a command and compares its exit code
//	b64 NAME FILE       fails unless the JSON in FILE has NAME as a path_b64
//	json FILE           fails unless FILE is valid JSON
//	immutable FILE      makes it so until the script ends
//	flip GLOB LINE      turns a bit in a line of the last file that fits
//
// and the conditions [root]: as root no file is unreadable, [memory]: of files that lie in
// memory the digest cache knows nothing, and [linux-ways]: leases, symbolic links that are held
// open, and what Linux tells of mounts and of immutable files. It may be missing on Linux, too
// (make portable).
func TestScript(t *testing.T) {
	memory := inMemory(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE")) // see make race
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/.state")
			env.Setenv("HOME", env.WorkDir+"/.home")
			env.Setenv("STATE", env.WorkDir+"/.state")
			// Root has places of the system otherwise.
			env.Setenv(stateVariable, env.WorkDir+"/.state/oneinode")
			env.Setenv(rootCache, env.WorkDir+"/.home/.cache/oneinode")
			return nil
		},
		Condition: func(word string) (bool, error) {
			switch word {
			case "root":
				return os.Geteuid() == 0, nil
			case "memory":
				return memory, nil
			case "linux-ways":
				return kernel.MakesSymlinks, nil
			}
			return false, fmt.Errorf("unknown condition %q", word)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"rawfile": rawFile, "fill": fill, "hardlink": hardLink, "sameinode": sameInode, "code": exitCodeIs,
			"b64": hasB64, "json": isJSON, "flip": flip, "immutable": immutable,
		},
	})
}

// inMemory reports whether temporary files are.
func inMemory(t *testing.T) bool {
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: t.TempDir()}}, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	return tree.Filesystems()[0].InMemory
}

// unescape reads Go's escapes, so that a script can name any byte.
func unescape(ts *testscript.TestScript, word string) string {
	name, err := strconv.Unquote(`"` + word + `"`)
	ts.Check(err)
	return name
}

func rawFile(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(unescape(ts, args[0])), []byte(args[1]), 0o644))
}

func fill(ts *testscript.TestScript, _ bool, args []string) {
	size, err := parseSize(args[1])
	ts.Check(err)
	text := strings.Repeat(args[2], int(size)/len(args[2])+1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:size]), 0o644))
}

func hardLink(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.Link(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
}

func sameInode(ts *testscript.TestScript, neg bool, args []string) {
	seen := map[uint64]string{}
	for _, name := range args {
		var st syscall.Stat_t
		ts.Check(syscall.Lstat(ts.MkAbs(name), &st))
		if other, ok := seen[st.Ino]; ok && neg {
			ts.Fatalf("%s and %s are one inode", other, name)
		}
		seen[st.Ino] = name
	}
	if !neg && len(seen) != 1 {
		ts.Fatalf("%v are %d inodes", args, len(seen))
	}
}

// exitCodeIs runs the command and compares its exit code: code N COMMAND ARGS...
func exitCodeIs(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		status, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = status.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func hasB64(ts *testscript.TestScript, _ bool, args []string) {
	want := base64.StdEncoding.EncodeToString([]byte(unescape(ts, args[0])))
	if !strings.Contains(ts.ReadFile(args[1]), want) {
		ts.Fatalf("%s has no %s", args[1], want)
	}
}

func immutable(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	ts.Defer(func() { exec.Command("chattr", "-i", file).Run() })
	ts.Check(exec.Command("chattr", "+i", file).Run())
}

// flip damages a file as a disk may.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	number, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := []byte(ts.ReadFile(found[len(found)-1]))
	lines := bytes.SplitAfter(text, []byte{'\n'})
	lines[number-1][len(lines[number-1])/2] ^= 1 // the lines lie in text
	ts.Check(os.WriteFile(found[len(found)-1], text, 0o600))
}

func isJSON(ts *testscript.TestScript, _ bool, args []string) {
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		ts.Fatalf("not valid JSON: %s", text)
	}
}
