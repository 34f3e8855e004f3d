package realfs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lookBack is how long a file must have been left alone to be remembered.
const lookBack = 2100 * time.Millisecond

// onDisk is a new directory for files that are remembered, as those in memory are not.
func onDisk(t testing.TB) string {
	t.Helper()
	dir := tempDir(t)
	var fs unix.Statfs_t
	if must(t, unix.Statfs(dir, &fs)); fs.Type == unix.TMPFS_MAGIC {
		return Ext4(t, Disk{})
	}
	return dir
}

// bytesRead scans with a cache and returns how much content was read.
func bytesRead(t testing.TB, p *Program, args ...string) int64 {
	t.Helper()
	r := p.Run(append([]string{"scan", "--format", "json"}, args...)...).want(t, 0)
	if strings.Contains(r.Stderr, "digest cache") || strings.Contains(r.Stderr, "damaged") {
		t.Errorf("scan %q complains: %s", args, r.trouble())
	}
	return r.summary(t).BytesRead
}

// moments are the system calls by which a run replaces the cache, in their order.
// A kill comes before the call.
var moments = []struct {
	call, file string
	replaced   bool // the new cache is in place
}{
	{"openat", "/digests", false}, {"openat", "/lock", false}, {"flock", "/lock", false},
	{"openat", "/digests.new", false}, {"write", "/digests.new", false}, {"fsync", "/digests.new", false},
	{"close", "/digests.new", false}, {"renameat", "/digests.new", false},
	{"openat", "", true}, {"fsync", "", true}, {"close", "", true}, {"close", "/lock", true},
}

// TestCacheKilled kills a scan at each of these moments. The next scan has the old
// cache or the new one: it complains of nothing, and reads nothing of what that
// knows.
func TestCacheKilled(t *testing.T) {
	t.Parallel()
	dir := onDisk(t)
	known, fresh := filepath.Join(dir, "known"), filepath.Join(dir, "fresh")
	for _, sub := range []string{known, fresh} {
		must(t, os.Mkdir(sub, 0o755))
		makeCopies(t, sub, 5, 10)
	}
	time.Sleep(lookBack)
	oneinode := Oneinode(t)
	old := filepath.Join(dir, "old")
	all := bytesRead(t, oneinode, "--cache-dir", old, known)
	for i, m := range moments {
		cache := filepath.Join(dir, strconv.Itoa(i))
		must(t, os.CopyFS(cache, os.DirFS(old)))
		oneinode.RunUnder(strace(t, []string{m.call + ":signal=KILL:when=1"}, cache+m.file), "scan", "--cache-dir", cache, known, fresh).want(t, 137)
		if n := bytesRead(t, oneinode, "--cache-dir", cache, known); n != 0 {
			t.Errorf("%s of cache%s: %d bytes read of what was known", m.call, m.file, n)
		}
		want := all
		if m.replaced {
			want = 0
		}
		if n := bytesRead(t, oneinode, "--cache-dir", cache, known, fresh); n != want {
			t.Errorf("%s of cache%s: %d bytes read of the fresh files, want %d", m.call, m.file, n, want)
		}
	}
}

// TestCacheFull: a disk without room for the new cache keeps the old one, and the
// scan tells and goes on.
func TestCacheFull(t *testing.T) {
	t.Parallel()
	disk := Tmpfs(t, "size=256k")
	dir := onDisk(t)
	known, fresh := filepath.Join(dir, "known"), filepath.Join(dir, "fresh")
	for _, sub := range []string{known, fresh} {
		must(t, os.Mkdir(sub, 0o755))
		makeCopies(t, sub, 20, 50)
	}
	time.Sleep(lookBack)
	oneinode := Oneinode(t)
	cache := filepath.Join(disk, "cache")
	if n := bytesRead(t, oneinode, "--cache-dir", cache, known); n == 0 {
		t.Error("nothing was read the first time")
	}
	remove := fillUp(t, disk)
	r := oneinode.Run("scan", "--cache-dir", cache, "--format", "json", known, fresh)
	if r.Code != 0 || !strings.Contains(r.Stderr, "digest cache") || !strings.Contains(r.Stderr, "no space left") {
		t.Errorf("exit code %d, and said: %s", r.Code, r.trouble())
	}
	if r.summary(t).BytesRead == 0 {
		t.Error("the fresh files were not read")
	}
	if n := bytesRead(t, oneinode, "--cache-dir", cache, known); n != 0 {
		t.Errorf("%d bytes read again: the old cache is gone", n)
	}
	remove()
	bytesRead(t, oneinode, "--cache-dir", cache, known, fresh)
	if n := bytesRead(t, oneinode, "--cache-dir", cache, known, fresh); n != 0 {
		t.Errorf("%d bytes read again with room for the cache", n)
	}
}

const (
	resumeFiles = 1000
	resumeSize  = 4096
	resumeTotal = resumeFiles * resumeSize
)

// TestResume: what a run had read before it was stopped, by its budget or by a
// signal, the next one does not read again.
func TestResume(t *testing.T) {
	t.Parallel()
	tree := onDisk(t)
	for i := range resumeFiles {
		content := fmt.Appendf(nil, "%*d", resumeSize, i/2)
		must(t, os.WriteFile(filepath.Join(tree, strconv.Itoa(i)), content, 0o644))
	}
	time.Sleep(lookBack)
	t.Run("budget", func(t *testing.T) {
		t.Parallel()
		oneinode, cache := Oneinode(t), filepath.Join(tempDir(t), "cache")
		var before int64
		for try := 0; before == 0 && try < 10; try++ { // on a busy machine one may come to nothing
			r := oneinode.Run("scan", "--cache-dir", cache, "--format", "json", "--max-duration", "2s", "--io-limit", "200K", tree)
			before += r.summary(t).BytesRead
		}
		checkResumed(t, before, bytesRead(t, oneinode, "--cache-dir", cache, tree))
	})
	t.Run("signal", func(t *testing.T) {
		t.Parallel()
		oneinode, cache := Oneinode(t), filepath.Join(tempDir(t), "cache")
		run := oneinode.Start(nil, "scan", "--cache-dir", cache, "--format", "json", "--io-limit", "200K", tree)
		waitForReads(t, run, resumeTotal/8)
		run.kill(syscall.SIGTERM)
		run.wait().want(t, 143)
		// What it read it did not say: at least what was seen, but for a file that
		// a worker was at.
		rest := bytesRead(t, oneinode, "--cache-dir", cache, tree)
		if rest > resumeTotal-resumeTotal/16 || rest == 0 {
			t.Errorf("%d of %d bytes read after more than %d were read", rest, resumeTotal, resumeTotal/8)
		}
	})
}

// checkResumed: together the two runs read everything once. A file that was just
// being read when the first one ended may have been read twice.
func checkResumed(t *testing.T, before, rest int64) {
	t.Helper()
	t.Logf("%d bytes, then %d of %d", before, rest, resumeTotal)
	const workers = 64 // more than there are
	if twice := before + rest - resumeTotal; before == 0 || rest == 0 || twice < 0 || twice > workers*resumeSize {
		t.Errorf("%d bytes read before the stop, %d after it, of %d in all", before, rest, resumeTotal)
	}
}

// waitForReads waits until a run has read so many bytes.
func waitForReads(t *testing.T, run *running, bytes int64) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", run.cmd.Process.Pid))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if n, _ := strconv.ParseInt(strings.Fields(string(text) + " 0 0")[1], 10, 64); n > bytes {
			return
		}
	}
	t.Fatal("the run does not read")
}
