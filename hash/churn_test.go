package hash

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// churner changes files all the time and knows what each of them held at each
// of its ctimes.
type churner struct {
	t       *testing.T
	rnd     *rand.Rand
	paths   []string
	content map[string][]byte
	// states has the digest of the last content an inode had with a ctime.
	states map[inodeState]Digest
	// halted are states between whose ctime and content the writer was stopped for long: it shows
	// where there are leases, and nowhere else.
	halted map[inodeState]bool
}

type inodeState struct {
	ino   uint64
	ctime int64
}

func (c *churner) note(path string, st scan.Stat) {
	c.states[inodeState{st.Ino, st.Ctime}] = blake3.Sum256(c.content[path])
}

// churn changes files until stop is closed.
func (c *churner) churn(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			c.change(c.paths[c.rnd.IntN(len(c.paths))])
		}
		time.Sleep(time.Duration(c.rnd.IntN(1500)) * time.Microsecond)
	}
}

// change writes some bytes, of two kinds only so that contents keep meeting
// again, and sometimes takes the end of the file away for a while.
func (c *churner) change(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer f.Close()
	old := c.content[path]
	for range 1 + c.rnd.IntN(2) {
		at := []int{0, len(old) / 2, len(old) - 1}[c.rnd.IntN(3)]
		b := bytes.Clone(c.content[path])
		b[at] = byte(c.rnd.IntN(2))
		c.content[path] = b
		c.after(f, path, func() error { return second(f.WriteAt(b[at:at+1], int64(at))) })
	}
	if c.rnd.IntN(8) == 0 {
		full := c.content[path]
		c.content[path] = full[:len(full)/2]
		c.after(f, path, func() error { return f.Truncate(int64(len(full) / 2)) })
		c.content[path] = full
		c.after(f, path, func() error { return second(f.WriteAt(full[len(full)/2:], int64(len(full)/2))) })
	}
}

func second(_ int, err error) error { return err }

func (c *churner) after(f *os.File, path string, change func() error) {
	began := time.Now()
	if err := change(); err != nil {
		c.t.Error(err)
	}
	halted := time.Since(began) > tick/2 && !openForWriting(int(f.Fd()))
	st, err := scan.FStat(int(f.Fd()))
	if err != nil {
		c.t.Error(err)
	}
	c.note(path, st)
	c.halted[inodeState{st.Ino, st.Ctime}] = halted
}

// TestFindWhileFilesChange checks what a set promises: each member had, at the
// ctime that is recorded for it, the very content of the set, and whatever it
// holds under that ctime at the end it still has.
func TestFindWhileFilesChange(t *testing.T) {
	c := &churner{t: t, rnd: rand.New(rand.NewPCG(1, 6)), content: map[string][]byte{}, states: map[inodeState]Digest{}, halted: map[inodeState]bool{}}
	root := t.TempDir()
	for _, size := range []int{50, wholeSize, wholeSize + 1, firstChunk + 3*chunkSize} {
		base := make([]byte, size)
		for i := range 12 {
			path := filepath.Join(root, fmt.Sprintf("%d-%d", size, i))
			plant(t, path, base)
			c.paths, c.content[path] = append(c.paths, path), base
			c.note(path, statOf(t, path))
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { defer close(stopped); c.churn(stop) }()
	var told skips
	var results []*Result
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		res, err := Find(t.Context(), scanned(t, root), Options{Digests: true, OnSkip: told.add})
		if err != nil {
			t.Error(err)
		}
		results = append(results, res)
	}
	close(stop)
	<-stopped
	members := 0
	for _, res := range results {
		members += c.check(res)
	}
	reasons := map[string]int{}
	for _, k := range told.list {
		reasons[k.Reason]++
	}
	if members == 0 || reasons[ReasonChanged] == 0 {
		t.Errorf("nothing was tested: %d members, skips %v", members, reasons)
	}
	t.Logf("%d searches, %d members, skips %v", len(results), members, reasons)
}

// check compares every member with what the churner knows.
func (c *churner) check(res *Result) (members int) {
	for _, set := range res.Sets {
		for _, m := range set.Members {
			members++
			state := inodeState{res.Tree.Ino(m.Name), res.Facts(m).Ctime}
			want, known := c.states[state]
			if (!known || want != set.Digest) && !c.halted[state] {
				c.t.Errorf("%s: set of %x, was %x (known: %v)", res.Tree.Path(m.Name), set.Digest, want, known)
			}
		}
	}
	return members
}

// TestFindSeesChangesOfTheMoment changes a file's ctime between its last read
// and the look at its state that follows, in the first stage and in lockstep. It has changed since
// the walk already, so that it is read alone, and the reads of others are not told first.
func TestFindSeesChangesOfTheMoment(t *testing.T) {
	for _, c := range []struct {
		size  int
		after int64 // bytes read
	}{
		{100, 0}, {wholeSize, 0}, {wholeSize + 1, 0},
		{firstChunk + chunkSize, 3 * headSize}, {firstChunk + 1, 3*headSize + 3*firstChunk},
	} {
		b := filled(1, c.size)
		root := planted(t, files{"a": b, "b": b, "c": b})
		tree := scanned(t, root)
		if err := os.Chmod(root+"/c", 0o640); err != nil {
			t.Fatal(err)
		}
		var told skips
		var read int64
		res, err := Find(t.Context(), tree, Options{Workers: 1, OnSkip: told.add, OnRead: func(n int64) {
			read += n
			if read > c.after {
				if err := os.Chmod(root+"/c", 0o600); err != nil {
					t.Error(err)
				}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := pathsOf(res), root+"/a "+root+"/b"; got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", c, got, want)
		}
		if len(told.list) != 1 || told.list[0].Reason != ReasonChanged || told.list[0].Path != root+"/c" {
			t.Errorf("%+v: told %+v", c, told.list)
		}
	}
}

func TestSettleWaits(t *testing.T) {
	root := planted(t, files{"a": nil})
	s := &search{tree: scanned(t, root), changes: &changes{}}
	r := s.newReader()
	defer r.close()
	fd, _, ok := r.open(0)
	if !ok {
		t.Fatal("cannot open")
	}
	defer unix.Close(fd)
	if err := os.Chmod(root+"/a", 0o600); err != nil { // its ctime is of this moment
		t.Fatal(err)
	}
	st, err := scan.FStat(fd)
	if err != nil {
		t.Fatal(err)
	}
	if st, ok = r.settle(t.Context(), fd, 0, st); !ok || unsettled(st.Ctime, time.Now()) != 0 {
		t.Errorf("%v: %v after the change", ok, time.Since(time.Unix(0, st.Ctime)))
	}
}

// TestSettleSeesChanges: a file that has changed while it was waited for is left out: its new stamp may be that of
// the next change, too.
func TestSettleSeesChanges(t *testing.T) {
	r, told := readerOf(t, planted(t, files{"a": nil}))
	fd, st, ok := r.open(0)
	if !ok {
		t.Fatal("cannot open")
	}
	defer unix.Close(fd)
	for tries := 0; ok && tries < 100; tries++ { // on a busy machine there may be nothing to wait for any more
		st.Ctime = time.Now().UnixNano() // as if it had changed now, and once more since
		_, ok = r.settle(t.Context(), fd, 0, st)
	}
	if ok || len(told.list) != 1 || told.list[0].Reason != ReasonChanged {
		t.Errorf("%v, told %+v", ok, told.list)
	}
}

// TestFindCrowdSeesChanges does the same where whole files are hashed, one
// after the other in inode order.
func TestFindCrowdSeesChanges(t *testing.T) {
	list := files{}
	for i := range maxClass + 2 {
		list[fmt.Sprintf("%03d", i)] = filled(1, 2*wholeSize)
	}
	tree := scanned(t, planted(t, list))
	order := candidates(tree, groupNumbers(len(tree.Filesystems()), nil))
	const victim = 5
	var told skips
	left := int64(len(order)*headSize + (victim+1)*2*wholeSize) // bytes, until the victim has been read
	res, err := Find(t.Context(), tree, Options{Workers: 1, OnSkip: told.add, OnRead: func(n int64) {
		if left -= n; left == 0 {
			if err := os.Chmod(tree.Path(order[victim].Name), 0o600); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Sets) != 1 || len(res.Sets[0].Members) != len(list)-1 || len(told.list) != 1 {
		t.Errorf("sets %v, told %+v", pathsOf(res), told.list)
	}
}
