package scan

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOpener(t *testing.T) {
	dir := plant(t, "file a/b/1 1", "file a/b/2 2", "file a/b/3 3", "file c/1 4", "file c/2 5", "file 5 6")
	tree, _ := walk(t, Options{}, dir, dir+"/a/b/3", dir+"/c")
	o := tree.NewOpener()
	for range 3 { // in any order, and again after Close
		for _, path := range []string{"a/b/1", "a/b/2", "c/1", "c/2", "5", "a/b/3", "a/b/2", "a/b/1"} {
			n := nameOf(t, tree, filepath.Join(dir, path))
			fd, err := o.Open(n)
			must(t, err)
			st, err := FStat(fd)
			unix.Close(fd)
			if err != nil || st.ID != tree.ID(n) || st.Size != tree.Size(n) {
				t.Errorf("%s: opened %+v, %v", path, st, err)
			}
		}
		o.Close()
	}
}

// TestOpenerFollowsNothing: neither the file nor a directory above it.
func TestOpenerFollowsNothing(t *testing.T) {
	dir := plant(t, "file a/b/f", "file a/b/h", "file a/g", "file secret/f", "file secret/h")
	tree, _ := walk(t, Options{}, dir+"/a")
	must(t, os.Rename(dir+"/a/b", dir+"/moved"))
	must(t, os.Symlink("../secret", dir+"/a/b"))
	must(t, os.Remove(dir+"/a/g"))
	must(t, os.Symlink("../secret/f", dir+"/a/g"))
	for range 2 {
		o := tree.NewOpener()
		for i := range tree.Len() {
			_, err := o.Open(Name(i))
			told, ok := errors.AsType[*fs.PathError](err)
			if !ok || !errors.Is(err, unix.ELOOP) || told.Path != tree.Path(Name(i)) {
				t.Errorf("%s: %v", tree.Path(Name(i)), err)
			}
		}
		o.Close()
	}
	if _, err := tree.OpenDir(tree.Dir(nameOf(t, tree, dir+"/a/b/f"))); !errors.Is(err, unix.ELOOP) {
		t.Errorf("directory: %v", err)
	}
}

// TestOpenerWaitsForNobody: a FIFO that was put in the place of a file is opened at once.
func TestOpenerWaitsForNobody(t *testing.T) {
	dir := plant(t, "file f")
	tree, _ := walk(t, Options{}, dir)
	must(t, os.Remove(dir+"/f"))
	must(t, unix.Mkfifo(dir+"/f", 0o600))
	opened := make(chan error, 1)
	go func() {
		fd, err := tree.NewOpener().Open(0)
		unix.Close(fd)
		opened <- err
	}()
	select {
	case err := <-opened:
		must(t, err)
	case <-time.After(time.Minute):
		t.Error("it waits for a writer")
	}
}

// TestAccessTime: neither the walk nor an open and a read leave a trace.
func TestAccessTime(t *testing.T) {
	if quietFlag == 0 {
		t.Skip("this system has no O_NOATIME")
	}
	dir := plant(t, "file sub/f")
	past := time.Unix(1e9, 0)
	list := []string{dir + "/sub/f", dir + "/sub", dir}
	for _, path := range list {
		must(t, os.Chtimes(path, past, time.Unix(2e9, 0))) // older than mtime: relatime would update it
	}
	tree, _ := walk(t, Options{SkipMarked: true}, dir)
	fd, err := tree.NewOpener().Open(0)
	must(t, err)
	defer unix.Close(fd)
	_, err = unix.Pread(fd, make([]byte, 1), 0)
	must(t, err)
	for _, path := range list {
		st, err := StatAt(unix.AT_FDCWD, path)
		must(t, err)
		if st.Atime != past.UnixNano() {
			t.Errorf("%s was read at %v", path, time.Unix(0, st.Atime))
		}
	}
}

// TestForeignFiles: O_NOATIME is refused to who does not own the file.
func TestForeignFiles(t *testing.T) {
	if !asUser(t) {
		return
	}
	program, err := os.Executable()
	must(t, err)
	tree, told := walk(t, Options{}, filepath.Dir(program))
	o := tree.NewOpener()
	defer o.Close()
	n := nameOf(t, tree, program)
	for range 3 {
		fd, err := o.Open(n)
		must(t, err)
		unix.Close(fd)
	}
	same(t, "skips", told.reasons("/"), nil)
	cache := filepath.Dir(program) + "/cache"
	if _, err := os.Stat(cache); err != nil {
		t.Skip("only root can make a tag of another user: run the test as root")
	}
	_, told = walk(t, Options{SkipMarked: true}, cache)
	same(t, "skips", told.reasons(cache), []string{".: " + ReasonCacheDir})
}

func TestStat(t *testing.T) {
	dir := plant(t, "file f 5000", "link f g", "sym f l")
	var want unix.Stat_t
	must(t, unix.Stat(dir+"/f", &want))
	got, err := StatAt(unix.AT_FDCWD, dir+"/f")
	must(t, err)
	old := Stat{}
	fromStat(&want, &old)
	old.Mount = got.Mount
	if got != old || got.Links != 2 || got.Size != 5000 || !got.IsRegular() {
		t.Errorf("got %+v, want %+v", got, old)
	}
	fd, err := unix.Open(dir+"/f", unix.O_RDONLY, 0)
	must(t, err)
	defer unix.Close(fd)
	if st, err := FStat(fd); err != nil || st != got {
		t.Errorf("%+v, %v", st, err)
	}
	if st, err := StatAt(unix.AT_FDCWD, dir+"/l"); err != nil || st.Mode&modeType != unix.S_IFLNK {
		t.Errorf("the link was followed: %+v, %v", st, err)
	}
	if _, err := StatAt(unix.AT_FDCWD, dir+"/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := FStat(-1); !errors.Is(err, unix.EBADF) {
		t.Error(err)
	}
}

func TestIsFixed(t *testing.T) {
	for _, st := range []Stat{{}, {Immutable: true}, {Append: true}} {
		if got := st.IsFixed(); got != (st != Stat{}) {
			t.Errorf("%+v: %v", st, got)
		}
	}
}

func TestIsFar(t *testing.T) {
	for _, sec := range []int64{0, 1 << 33, -1 << 33, 1 << 34, -1 << 34} {
		if got := IsFar(nanoseconds(sec, 5)); got != (sec == 1<<34 || sec == -1<<34) {
			t.Errorf("%d s: %v", sec, got)
		}
	}
}

func TestNanoseconds(t *testing.T) {
	for _, c := range []struct{ sec, nsec, want int64 }{
		{1, 5, 1e9 + 5}, {-1, 5, -1e9 + 5}, {1 << 40, 0, 1<<63 - 1}, {-1 << 40, 0, -1 << 63},
	} {
		if got := nanoseconds(c.sec, c.nsec); got != c.want {
			t.Errorf("%d s %d ns: %d", c.sec, c.nsec, got)
		}
	}
}
