package realfs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const twinSize = 3*mib + 5

// needCachestat skips where the kernel does not tell of dirty pages: there
// twins are read like any other file.
func needCachestat(t testing.TB, dir string) {
	t.Helper()
	f, err := os.Open(dir)
	must(t, err)
	defer f.Close()
	var stat unix.Cachestat_t
	if err := unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{}, &stat, 0); err == unix.ENOSYS || err == unix.EPERM {
		t.Skipf("cachestat: %v", err)
	}
}

// reflink makes a copy that shares all extents.
func reflink(t testing.TB, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	must(t, err)
	defer src.Close()
	dst, err := os.Create(to)
	must(t, err)
	defer dst.Close()
	if err := unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())); err != nil {
		missing(t, "no reflinks: %v", err)
	}
}

// TestTwinsAreNotRead: of files that share all extents one is read at most, and
// none if nobody else has their size.
func TestTwinsAreNotRead(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, dir string) {
		needCachestat(t, dir)
		first := filepath.Join(dir, "first")
		must(t, os.WriteFile(first, noise(1, twinSize), 0o644))
		flushed(t, dir)
		for _, twin := range []string{"second", "third", "fourth"} {
			reflink(t, first, filepath.Join(dir, twin))
		}
		flushed(t, dir)
		s := Oneinode(t).Scan("--no-cache", dir)
		if s.Sets != 1 || s.DuplicateInodes != 3 || s.BytesRead > twinSize+8<<10 {
			t.Errorf("twins alone: %+v", s)
		}
		must(t, os.WriteFile(filepath.Join(dir, "copy"), noise(1, twinSize), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "other"), append(noise(1, twinSize-1), 'x'), 0o644))
		s = Oneinode(t).Scan("--no-cache", dir)
		if s.Sets != 1 || s.DuplicateInodes != 4 || s.BytesRead > 3*(twinSize+8<<10) {
			t.Errorf("twins among others: %+v", s)
		}
	})
}

// TestTwinsThatParted: a file that shared all extents and was changed is no
// twin, also while the change waits in the page cache, where the filesystem still
// shows the old extents.
func TestTwinsThatParted(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, dir string) {
		first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
		must(t, os.WriteFile(first, noise(1, twinSize), 0o644))
		flushed(t, dir)
		for _, off := range []int64{64 << 10, mib + 1, twinSize - 1} {
			reflink(t, first, second)
			flushed(t, dir)
			f, err := os.OpenFile(second, os.O_RDWR, 0)
			must(t, err)
			old := make([]byte, 1)
			_, err = f.ReadAt(old, off)
			must(t, err)
			_, err = f.WriteAt([]byte{^old[0]}, off)
			must(t, err)
			must(t, f.Close())
			if s := Oneinode(t).Scan("--no-cache", dir); s.Sets != 0 {
				t.Errorf("changed at %d, not yet on disk: %+v", off, s)
			}
			flushed(t, dir)
			if s := Oneinode(t).Scan("--no-cache", dir); s.Sets != 0 {
				t.Errorf("changed at %d: %+v", off, s)
			}
		}
	})
}

// TestTwinsOfCompressedParts: btrfs tells of a compressed extent where it begins,
// not which part of it a file uses.
func TestTwinsOfCompressedParts(t *testing.T) {
	t.Parallel()
	dir := Btrfs(t, Disk{Mount: "compress-force=zstd"})
	var whole bytes.Buffer
	for i := range byte(32) {
		whole.Write(bytes.Repeat([]byte{i}, 4<<10)) // 128 KiB: one extent
	}
	source := filepath.Join(dir, "whole")
	must(t, os.WriteFile(source, whole.Bytes(), 0o644))
	flushed(t, dir)
	src, err := os.Open(source)
	must(t, err)
	defer src.Close()
	const part = 72 << 10 // more than is read whole
	for i, name := range []string{"from-0", "from-1", "from-2"} {
		dst, err := os.Create(filepath.Join(dir, name))
		must(t, err)
		r := unix.FileCloneRange{Src_fd: int64(src.Fd()), Src_offset: uint64(i) * 8 << 10, Src_length: part}
		if err := unix.IoctlFileCloneRange(int(dst.Fd()), &r); err != nil {
			missing(t, "no reflinks: %v", err)
		}
		must(t, dst.Close())
	}
	flushed(t, dir)
	if s := Oneinode(t).Scan("--no-cache", dir); s.Sets != 0 {
		t.Errorf("%+v", s)
	}
}

// TestTwinsInTheCache: what is known of one is known of all, and the next run
// reads nothing.
func TestTwinsInTheCache(t *testing.T) {
	t.Parallel()
	dir := Btrfs(t, Disk{})
	needCachestat(t, dir)
	b := noise(2, twinSize)
	for _, name := range []string{"a", "b", "c"} {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
		b[twinSize-1] ^= 'b' ^ 'a' // b parts from a and c
	}
	flushed(t, dir)
	for _, name := range []string{"a", "b", "c"} {
		reflink(t, filepath.Join(dir, name), filepath.Join(dir, "twin of "+name))
	}
	flushed(t, dir)
	time.Sleep(lookBack)
	p := Oneinode(t)
	for night := range 2 {
		s := p.Scan(dir)
		if s.Sets != 2 || s.DuplicateInodes != 4 || night == 1 && s.BytesRead != 0 {
			t.Errorf("night %d: %+v", night, s)
		}
	}
}

// TestTwinsFreeNothing: what the figures promise of files that share extents is
// what the filesystem gives back.
func TestTwinsFreeNothing(t *testing.T) {
	t.Parallel()
	for name, mount := range reflinking {
		// A symbolic link in the place of a file that frees nothing is not made.
		for link, linked := range map[string]int64{"hard": 3, "symlink": 1} {
			t.Run(name+" "+link, func(t *testing.T) {
				t.Parallel()
				twinsFreeNothing(t, mount(t), link, linked)
			})
		}
	}
}

func twinsFreeNothing(t *testing.T, dir, link string, linked int64) {
	b := noise(3, 8*mib)
	must(t, os.WriteFile(filepath.Join(dir, "a"), b, 0o644))
	flushed(t, dir)
	reflink(t, filepath.Join(dir, "a"), filepath.Join(dir, "twin"))
	must(t, os.WriteFile(filepath.Join(dir, "small"), b[:20<<10], 0o644))
	flushed(t, dir)
	reflink(t, filepath.Join(dir, "small"), filepath.Join(dir, "small twin"))
	must(t, os.WriteFile(filepath.Join(dir, "copy"), b, 0o644))
	flushed(t, dir)
	was := settledFree(t, dir)
	p := Oneinode(t)
	s := p.Scan("--no-cache", dir)
	if s.ReclaimableBytes != 8*mib {
		t.Errorf("scan: %+v", s)
	}
	s = p.Dedupe(0, "--link", link, dir)
	if int64(s.Linked) != linked || s.FreedBytes != 8*mib {
		t.Errorf("dedupe: %+v", s)
	}
	near(t, "freed", s.FreedBytes, settledFree(t, dir)-was)
}
