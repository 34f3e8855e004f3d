package realfs_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// intent is a replacement that a journal announced.
type intent struct {
	path        string
	keeper, old uint64 // inode numbers
	tmp         string
}

// intentions reads every whole record of all journals with plain code of its own.
func intentions(t testing.TB, state string) map[string][]intent {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(state, "runs", "*.journal"))
	must(t, err)
	all := map[string][]intent{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		must(t, err)
		readJournal(b, func(i intent) { all[i.path] = append(all[i.path], i) })
	}
	return all
}

func readJournal(b []byte, tell func(intent)) {
	var keeper, old uint64
	for line := range bytes.Lines(b) {
		if len(line) < 10 || line[len(line)-1] != '\n' {
			return // torn
		}
		body := line[9 : len(line)-1]
		if sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)); fmt.Sprintf("%08x", sum) != string(line[:8]) {
			return
		}
		var r struct {
			Set     *struct{ Keeper uint64 }
			Old     *struct{ Inode uint64 }
			Replace *struct {
				Path json.RawMessage
				Tmp  string
			}
		}
		if json.Unmarshal(body, &r) != nil {
			return
		}
		switch {
		case r.Set != nil:
			keeper = r.Set.Keeper
		case r.Old != nil:
			old = r.Old.Inode
		case r.Replace != nil:
			tell(intent{rawPath(r.Replace.Path), keeper, old, r.Replace.Tmp})
		}
	}
}

// rawPath reads both forms of a path.
func rawPath(b json.RawMessage) string {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		return plain
	}
	var coded struct{ B64 string }
	json.Unmarshal(b, &coded)
	raw, _ := base64.StdEncoding.DecodeString(coded.B64)
	return string(raw)
}

// checkExplained: each path of a tree whose inode is another one than before has
// a record that names the old one and the new one, and so has each temporary
// name. root is the directory whose paths the journal speaks of.
func checkExplained(t testing.TB, name, root string, before, after Tree, journal map[string][]intent) (changed int) {
	t.Helper()
	tmp := map[string]bool{}
	for _, list := range journal {
		for _, i := range list {
			tmp[i.tmp[:len(i.tmp)-1]] = true // its last digit differs in the spare one
		}
	}
	for path, was := range before {
		now := after[path]
		if was.Type != unix.S_IFREG || now.Inode == was.Inode {
			continue
		}
		changed++
		if !slices.ContainsFunc(journal[filepath.Join(root, path)], func(i intent) bool { return i.old == was.Inode && i.keeper == now.Inode }) {
			t.Errorf("%s: %s went from inode %d to %d, and no record says so: %+v", name, path, was.Inode, now.Inode, journal[filepath.Join(root, path)])
		}
	}
	for _, path := range Leftovers(after) {
		if base := filepath.Base(path); !tmp[base[:len(base)-1]] {
			t.Errorf("%s: no record tells of %s", name, path)
		}
	}
	return changed
}

// linkedCopies makes a tree in which many inodes have several names already, in
// different directories, and gives each file a time of its own.
func linkedCopies(t testing.TB, dir string, random *rand.Rand, n int) {
	t.Helper()
	for d := range 5 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprint("d", d)), 0o755))
	}
	made := 0
	path := func() string {
		made++
		return filepath.Join(dir, fmt.Sprint("d", random.IntN(5)), fmt.Sprint("f", made))
	}
	for i := range n {
		p := path()
		must(t, os.WriteFile(p, fmt.Appendf(nil, "content %d", i%7), os.FileMode(0o600+random.IntN(2)*0o44)))
		for range random.IntN(4) {
			must(t, os.Link(p, path()))
		}
		then := time.Unix(1_000_000_000+int64(i), int64(i))
		must(t, os.Chtimes(p, then, then))
	}
}

// stateOf asks for the state of the newest run.
func stateOf(t testing.TB, p *Program) string {
	t.Helper()
	r := p.Run("runs", "--format", "json")
	var list struct{ Runs []struct{ State string } }
	if err := json.Unmarshal([]byte(r.Stdout), &list); err != nil || r.Code != 0 {
		t.Fatalf("runs: exit code %d, %v\n%s", r.Code, err, r.trouble())
	}
	if len(list.Runs) == 0 {
		return ""
	}
	return list.Runs[len(list.Runs)-1].State
}

// killSoon kills a run at a random moment after its first temporary name.
func killSoon(run *running, names *watch, random *rand.Rand, span time.Duration) {
	names.temporary(run.done)
	time.Sleep(time.Duration(random.Int64N(int64(span))))
	run.kill(syscall.SIGKILL)
}

// TestJournalKilled: after kill -9 the journal tells of every change, and an
// undo, itself killed as often as not, brings everything back: content, owners,
// times, and which names share an inode.
func TestJournalKilled(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 3))
	begun, again := 0, 0
	for i := range max(trials()/5, 20) {
		dir := tempDir(t)
		linkedCopies(t, dir, random, 150)
		before, oneinode := Manifest(t, dir), Oneinode(t)
		names := watchNames(t, dir)
		run := oneinode.Start(nil, "dedupe", "-q", "--match", "none", dir)
		if i%4 > 0 {
			killSoon(run, names, random, 20*time.Millisecond)
		}
		ended := run.wait()
		names.close()
		after := Manifest(t, dir)
		name := fmt.Sprintf("seed %d, trial %d", seed, i)
		checkContents(t, name, before, after)
		changed := checkExplained(t, name, dir, before, after, intentions(t, oneinode.State))
		begun += btoi(changed > 0)
		if state := stateOf(t, oneinode); changed > 0 && state != "complete" && (state != "killed" || ended.Code == 0) {
			t.Errorf("%s: ended with %d, and runs says %q", name, ended.Code, state)
		}
		again += btoi(undoKilled(t, name, oneinode, dir, before, random))
		if n := stateOf(t, oneinode); changed > 0 && n != "undone" {
			t.Errorf("%s: undone, and runs says %q", name, n)
		}
		os.RemoveAll(dir)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d runs killed with a part of the job done, %d undos killed and finished by another one", begun, again)
}

// checkContents: each path is there with its content; the rest is the undo's.
func checkContents(t testing.TB, name string, before, after Tree) {
	t.Helper()
	for path, was := range before {
		if now, there := after[path]; !there || now.SHA != was.SHA || now.Type != was.Type {
			t.Errorf("%s: %s: was %+v, now %+v", name, path, was, now)
		}
	}
}

// undoKilled takes a run back, kills that a few times, and compares. It reports
// whether a kill came in the middle.
func undoKilled(t *testing.T, name string, oneinode *Program, dir string, before Tree, random *rand.Rand) (killed bool) {
	t.Helper()
	if slices.Equal(linkSets(before), linkSets(Manifest(t, dir).settled())) {
		return false // nothing was linked
	}
	for range random.IntN(4) {
		names := watchNames(t, dir)
		run := oneinode.Start(nil, "undo", "-q")
		killSoon(run, names, random, 15*time.Millisecond)
		killed = run.wait().Code != 0 || killed
		names.close()
		checkContents(t, name+", undo killed", before, Manifest(t, dir))
	}
	r := oneinode.Run("undo")
	after := Manifest(t, dir)
	if left := Leftovers(after); len(left) != 0 {
		t.Errorf("%s: undo leaves %q", name, left)
	}
	after = after.settled()
	same := slices.Equal(linkSets(before), linkSets(after))
	if r.Code != 0 && !same {
		t.Errorf("%s: undo: exit code %d\n%s%s", name, r.Code, r.Stdout, r.trouble())
	}
	checkUndone(t, before.settled(), after)
	if t.Failed() {
		t.Logf("%s: killed %v; undo said %s%s\nwas %s\nis %s", name, killed, r.Stdout, r.trouble(),
			strings.Join(linkSets(before), "\n"), strings.Join(linkSets(after), "\n"))
	}
	return killed
}
