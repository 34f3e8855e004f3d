package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// attackTime is how long each attack goes on: 4 seconds, or ONEINODE_ATTACK.
func attackTime() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("ONEINODE_ATTACK")); err == nil {
		return d
	}
	return 4 * time.Second
}

// siege is a tree of somebody else that root dedupes again and again while its
// owner does what he can.
type siege struct {
	t             testing.TB
	tree, outside string
	contents      map[string]bool // that the tree must keep, by SHA-256
	turns         atomic.Int64
	quit          chan struct{}
	flags         []string // of the runs
	time          time.Duration
}

// asOwner runs f as the tree's owner, on a thread of its own: the kernel's calls
// that change the user of one thread only.
func (s *siege) asOwner(group *sync.WaitGroup, f func(turn int)) {
	group.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
			if _, _, errno := unix.RawSyscall(call, nobody, nobody, nobody); errno != 0 {
				s.t.Error("cannot become another user: ", errno)
				return
			}
		}
		for turn := 0; ; turn++ {
			select {
			case <-s.quit:
				return
			default:
				f(turn)
				s.turns.Add(1)
			}
		}
	})
}

const nobody = 65534

// Every attack gives up nothing of its own: it moves, covers and links, and
// changes only files of its own making, so that every content of the tree must
// be there in the end.
var attacks = map[string]func(s *siege) func(turn int){
	"parents and links":   attackParents,
	"names and outsiders": attackNames,
	"fifos":               attackFIFOs,
	"links from outside":  attackLinks,
	"planted names":       attackPlanted,
	"sizes":               attackSizes,
	"leases":              attackLeases,
	"marks":               attackMarks,
	"directories moved":   attackMoves,
	"huge names":          attackHuge,
}

// TestAttack: nothing outside changes, nothing inside is lost, nothing hangs.
func TestAttack(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSiege(t)
			runs, linked := s.withstand(attack, 2)
			t.Logf("%d turns of the attack, %d runs, %d names linked", s.turns.Load(), runs, linked)
			if linked == 0 {
				t.Error("no run linked anything: the attack was not there in time")
			}
		})
	}
}

func newSiege(t *testing.T) *siege {
	dir := tempDir(t)
	s := &siege{t: t, tree: filepath.Join(dir, "tree"), outside: filepath.Join(dir, "outside"), quit: make(chan struct{}), time: attackTime()}
	for _, d := range []string{s.tree, s.outside} {
		must(t, os.Mkdir(d, 0o755))
		makeCopies(t, d, 6, 30)
	}
	for i := range 20 { // contents of which there is but one
		must(t, os.WriteFile(filepath.Join(s.tree, "d00", fmt.Sprint("only-", i)), fmt.Appendf(nil, "of this one %d", i), 0o644))
	}
	tool(t, "chown", "-R", fmt.Sprint(nobody, ":", nobody), dir)
	// Outside is as good a match as it can be, and the attacker may read it; only
	// its directories are not his, so that a change can but come from us.
	must(t, filepath.WalkDir(s.outside, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			err = os.Chown(path, 0, 0)
		}
		return err
	}))
	s.contents = map[string]bool{}
	for sha := range contentsOf(Manifest(t, s.tree)) {
		s.contents[sha] = true
	}
	return s
}

// withstand runs the attack in so many threads of the owner while runs come one
// after the other. Each run finds copies again: the test unlinks some.
func (s *siege) withstand(attack func(s *siege) func(int), threads int) (runs, linked int) {
	outside := Manifest(s.t, s.outside)
	var group sync.WaitGroup
	for range threads {
		s.asOwner(&group, attack(s))
	}
	for end := time.Now().Add(s.time); time.Now().Before(end) && !s.t.Failed(); runs++ {
		linked += s.run()
		s.renewCopies()
	}
	close(s.quit)
	group.Wait()
	linked += s.run()
	after := Manifest(s.t, s.outside)
	for path, e := range after { // links that the attacker made from there are his affair
		was := outside[path]
		if e.Type == unix.S_IFREG {
			e.Links = was.Links
		}
		after[path] = e
	}
	checkIdentical(s.t, outside, after)
	now := contentsOf(Manifest(s.t, filepath.Dir(s.tree)))
	for sha := range s.contents {
		if now[sha] == 0 {
			s.t.Errorf("a content is lost: %s", sha)
		}
	}
	return runs + 1, linked
}

func (s *siege) run() int {
	r := Oneinode(s.t).Run(slices.Concat([]string{"dedupe", "--format", "json"}, s.flags, []string{s.tree})...)
	if r.Code != 0 && r.Code != 3 {
		s.t.Errorf("exit code %d\n%s", r.Code, r.trouble())
		return 0
	}
	return int(r.summary(s.t).Linked)
}

// renewCopies makes new files of the five contents, so that the next run has
// something to do.
func (s *siege) renewCopies() {
	for i := range 40 {
		dir, err := unix.Open(s.in(fmt.Sprintf("d%02d", i%6)), unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue // the attacker has been here
		}
		name := fmt.Sprintf("new%02d", i)
		unix.Unlinkat(dir, name, 0)
		fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o644)
		unix.Close(dir)
		if err != nil {
			continue
		}
		unix.Write(fd, fmt.Appendf(nil, "content %d of five", i%5))
		unix.Fchown(fd, nobody, nobody)
		unix.Close(fd)
	}
}

func (s *siege) in(parts ...string) string {
	return filepath.Join(append([]string{s.tree}, parts...)...)
}

// any returns a random name of a random directory.
func (s *siege) any() string {
	return s.in(fmt.Sprintf("d%02d", 1+rand.IntN(5)), fmt.Sprintf("f%02d", rand.IntN(30)))
}

func attackParents(s *siege) func(int) {
	own := s.in(fmt.Sprint("link", rand.Uint32()))
	os.Symlink(filepath.Join(s.outside, "d01"), own)
	return func(turn int) {
		d := s.in(fmt.Sprintf("d%02d", 1+turn%5))
		exchange(own, d)
		exchange(own, d)
	}
}

func attackNames(s *siege) func(int) {
	own := s.in(fmt.Sprint("link", rand.Uint32()))
	os.Symlink(filepath.Join(s.outside, "d01", "f05"), own)
	return func(turn int) {
		a, b := s.any(), s.any()
		exchange(a, b)
		exchange(own, a)
		exchange(own, a)
	}
}

func attackFIFOs(s *siege) func(int) {
	own := s.in(fmt.Sprint("fifo", rand.Uint32()))
	unix.Mkfifo(own, 0o644)
	return func(turn int) {
		a := s.any()
		exchange(own, a)
		exchange(own, a)
	}
}

// attackLinks brings outside inodes into the tree under names of the tree.
func attackLinks(s *siege) func(int) {
	own := fmt.Sprint("own", rand.Uint32())
	return func(turn int) {
		from := filepath.Join(s.outside, fmt.Sprintf("d%02d", turn%6), fmt.Sprintf("f%02d", turn%30))
		tmp := s.in("d01", own)
		os.Remove(tmp)
		if os.Link(from, tmp) == nil {
			os.Rename(tmp, s.any())
		}
	}
}

// attackPlanted guesses temporary names, and takes those that it sees.
func attackPlanted(s *siege) func(int) {
	return func(turn int) {
		d := s.in(fmt.Sprintf("d%02d", 1+turn%5))
		if turn < 500 {
			os.WriteFile(filepath.Join(d, fmt.Sprintf(".oneinode-%08x-%016x", rand.Uint32(), rand.Uint64())), []byte("planted"), 0o644)
		}
		entries, err := os.ReadDir(d)
		if err != nil {
			return
		}
		for _, e := range entries {
			name := filepath.Join(d, e.Name())
			if !strings.HasPrefix(e.Name(), ".oneinode-") {
				continue
			}
			if b, err := os.ReadFile(name); err != nil || string(b) == "planted" {
				continue
			}
			// One that the program made a moment ago: something else in its place.
			own := filepath.Join(d, fmt.Sprint("own", rand.Uint32()))
			os.WriteFile(own, []byte("his own"), 0o644)
			exchange(own, name)
		}
	}
}

// attackSizes grows, cuts and rewrites files of its own in the middle of runs.
func attackSizes(s *siege) func(int) {
	return func(turn int) {
		path := s.in(fmt.Sprintf("d%02d", 1+turn%5), fmt.Sprint("size", turn%20))
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
		if err != nil {
			return
		}
		defer f.Close()
		f.WriteAt(slices.Repeat([]byte{byte('a' + turn%3)}, 1+turn%9000), 0)
		f.Truncate(int64(turn % 5000))
		os.Truncate(s.in(fmt.Sprintf("d%02d", 1+turn%5), fmt.Sprint("size", (turn+7)%20)), int64(turn%100))
	}
}

func attackLeases(s *siege) func(int) {
	return func(turn int) {
		flags := unix.O_WRONLY
		if turn%4 > 0 {
			flags |= unix.O_NONBLOCK
		}
		if fd, err := unix.Open(s.any(), flags, 0); err == nil {
			unix.Close(fd)
		}
	}
}

func attackMarks(s *siege) func(int) {
	return func(turn int) {
		d := s.in(fmt.Sprintf("d%02d", 1+turn%5))
		os.WriteFile(filepath.Join(d, ".nodedupe"), nil, 0o644)
		os.WriteFile(filepath.Join(d, "CACHEDIR.TAG"), []byte("Signature: 8a477f597d28d172789f06886806bc55"), 0o644)
		time.Sleep(time.Millisecond)
		os.Remove(filepath.Join(d, ".nodedupe"))
		os.Remove(filepath.Join(d, "CACHEDIR.TAG"))
	}
}

// attackMoves takes directories out of the tree and brings them back.
func attackMoves(s *siege) func(int) {
	return func(turn int) {
		d := s.in(fmt.Sprintf("d%02d", 1+turn%5))
		away := filepath.Join(filepath.Dir(s.tree), fmt.Sprint("away", rand.Uint32()))
		if os.Rename(d, away) != nil {
			return
		}
		time.Sleep(time.Duration(turn%3) * time.Millisecond)
		for os.Rename(away, d) != nil { // the other one has put his there
			d = s.in(fmt.Sprint("home", rand.Uint32()))
		}
	}
}

// attackHuge renames to names of the longest kind and back, and digs deep.
func attackHuge(s *siege) func(int) {
	return func(turn int) {
		a := s.any()
		long := filepath.Join(filepath.Dir(a), fmt.Sprintf("%0255d", rand.Uint64()))
		if os.Rename(a, long) == nil {
			time.Sleep(time.Millisecond)
			os.Rename(long, a)
		}
		os.MkdirAll(s.in("d01", strings.Repeat(strings.Repeat("x", 250)+"/", turn%14)), 0o755)
	}
}

// TestTwoRuns: runs on one tree, each with a state of its own so that no lock
// keeps them apart, lose nothing and finish the job between them.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	for round := range 6 {
		dir := tempDir(t)
		makeCopies(t, dir, 10, 40)
		before := Manifest(t, dir)
		flags := [][]string{{}, {"--keep", "newest"}, {"--verify", "bytes"}, {"--match", "none", "--keep", "oldest"}}
		var runs []*running
		for i := range 3 {
			args := append([]string{"dedupe", "-q"}, flags[(round+i)%len(flags)]...)
			runs = append(runs, Oneinode(t).Start(nil, append(args, dir)...))
		}
		for _, run := range runs {
			if r := run.wait(); !slices.Contains([]int{0, 3, 4}, r.Code) {
				t.Errorf("exit code %d\n%s", r.Code, r.trouble())
			}
		}
		checkPaths(t, fmt.Sprint("round ", round), before, Manifest(t, dir))
		Oneinode(t).Dedupe(0, dir)
		after := Manifest(t, dir)
		checkPaths(t, fmt.Sprint("round ", round, ", next run"), before, after)
		if n := Unmerged(after, nil); n != 0 {
			t.Errorf("round %d: %d inodes are left that could go", round, n)
		}
		if left := Leftovers(after); len(left) > 0 {
			t.Errorf("round %d: left behind: %q", round, left)
		}
		if t.Failed() {
			return
		}
	}
}

// TestLateWriters: programs that append to files by path, all the time, find
// every byte at the path afterwards, though the files become one under them.
func TestLateWriters(t *testing.T) {
	t.Parallel()
	lateWriters(t, 2*attackTime())
}

func lateWriters(t *testing.T, lasting time.Duration, flags ...string) {
	dir := tempDir(t)
	const writers, files = 4, 400
	paths := make([]string, files)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprint("d", i%8), fmt.Sprint("f", i))
		must(t, os.MkdirAll(filepath.Dir(paths[i]), 0o755))
	}
	var wrote [writers]map[string][]string // path to tokens
	quit := make(chan struct{})
	var tokens, linked, lost int64
	pause := 2 * time.Millisecond
	for start := time.Now(); time.Since(start) < lasting || linked == 0 && time.Since(start) < patience; {
		for _, p := range paths { // equal again
			must(t, os.WriteFile(p+"~", []byte("equal\n"), 0o644))
			must(t, os.Rename(p+"~", p))
		}
		quit = make(chan struct{})
		var group sync.WaitGroup
		for w := range writers {
			wrote[w] = map[string][]string{}
			group.Go(func() {
				random := rand.New(rand.NewPCG(uint64(w), uint64(time.Now().UnixNano())))
				for k := 0; ; k++ {
					select {
					case <-quit:
						return
					default:
					}
					p, token := paths[random.IntN(files)], fmt.Sprintf("token %d %d\n", w, k)
					f, err := os.OpenFile(p, os.O_WRONLY|os.O_APPEND, 0)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err = f.WriteString(token); err == nil && f.Close() == nil {
						wrote[w][p] = append(wrote[w][p], token)
					}
					time.Sleep(rand.N(pause))
				}
			})
		}
		r := Oneinode(t).Run(slices.Concat([]string{"dedupe", "--format", "json"}, flags, []string{dir})...)
		close(quit)
		group.Wait()
		if r.Code != 0 && r.Code != 3 {
			t.Fatalf("exit code %d\n%s", r.Code, r.trouble())
		}
		n := r.summary(t).Linked
		if linked += n; n == 0 {
			pause = min(2*pause, 200*time.Millisecond) // on a busy machine they have written to every file before the run is there
		}
		for w := range writers {
			for p, list := range wrote[w] {
				b, err := os.ReadFile(p)
				must(t, err)
				for _, token := range list {
					tokens++
					if !strings.Contains(string(b), token) {
						lost++
					}
				}
			}
		}
	}
	t.Logf("%d tokens written while %d names were replaced: %d lost", tokens, linked, lost)
	if linked == 0 || tokens == 0 {
		t.Error("nothing happened: this shows nothing")
	}
	if lost > 0 {
		t.Errorf("%d of %d tokens are lost: %.1f in a million replacements", lost, tokens, float64(lost)*1e6/float64(linked))
	}
}
