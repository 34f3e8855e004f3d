package talk

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oneinode/oneinode/dedupe"
)

// screen is a terminal of one line: what it shows, and all that went by.
type screen struct {
	mu  sync.Mutex
	all strings.Builder
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(text)
}

// line returns what stands in the last line now.
func (s *screen) line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.all.String()
	text = text[strings.LastIndex(text, "\n")+1:]
	return text[max(0, strings.LastIndex(text, eraseLine)+len(eraseLine)):]
}

// history returns everything that was written.
func (s *screen) history() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

func wide() int { return 200 }

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := NewProgress(&out, wide, true)
		p.Begin(Scanning)
		p.OnDir()
		for range 2000 {
			p.OnFiles(1, 1024)
		}
		time.Sleep(time.Second + time.Millisecond)
		expect(t, &out, "scanning  2,000 files in 1 directory · 2.0 MiB · 2,000 files/s")

		p.Begin(Flushing)
		time.Sleep(90*time.Second + time.Millisecond)
		expect(t, &out, "flushing to disk  1m 30s")

		p.Begin(Hashing)
		time.Sleep(2 * paintEvery)
		expect(t, &out, "comparing sizes")
		p.Begin(Deciding) // of half a million files that may be reflinks
		time.Sleep(90*time.Second + time.Millisecond)
		expect(t, &out, "deciding what to link  1m 30s")

		p.Begin(Searching) // a whole filesystem
		p.OnDir()
		time.Sleep(2 * paintEvery)
		expect(t, &out, "looking for names outside  1 directory")

		p.Begin(Hashing) // the clock begins anew
		p.OnCandidates(10, 40<<20)
		p.OnRead(10 << 20)
		p.OnDone(1, 4<<20)
		time.Sleep(5*time.Second + time.Millisecond)
		expect(t, &out, "reading  25% [===>            ]  10.0 MiB of at most 40.0 MiB · 2.0 MiB/s · 15.0 s left · 1 of 10 files")

		p.BeginNames(Linking, 4)
		p.OnOutcome(dedupe.Outcome{Kind: dedupe.Linked, Freed: 4096})
		p.OnOutcome(dedupe.Outcome{Kind: dedupe.Skipped})
		time.Sleep(time.Second + time.Millisecond)
		expect(t, &out, "linking  50% [=======>        ]  2 of 4 names · 4.0 KiB freed")

		p.Close()
		expect(t, &out, "")
		synctest.Wait()
		before := out.history()
		p.OnRead(1)
		time.Sleep(time.Second)
		if out.history() != before {
			t.Errorf("it paints after Close: %q", out.history())
		}
		p.Close() // a second time does no harm
	})
}

// TestProgressOfFewLargeFiles: thousands of small files that are done with say little of the rest,
// and files that are decided early leave bytes that nobody reads.
func TestProgressOfFewLargeFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewProgress(&screen{}, wide, false)
		p.Begin(Hashing)
		p.OnCandidates(1002, 400<<20)
		p.OnRead(100 << 20)
		p.OnDone(1000, 40<<20)
		time.Sleep(10 * time.Second)
		if got, want := p.Status(), " 25% "; !strings.Contains(got, want) || !strings.Contains(got, "30.0 s left") {
			t.Errorf("%q, want %q and 30 seconds", got, want)
		}
		p.OnDone(1, 280<<20)
		if got, want := p.Status(), " 80% "; !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestProgressOfAWait: who asks is told why nothing moves.
func TestProgressOfAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewProgress(&screen{}, wide, false)
		p.Begin(Waiting)
		time.Sleep(time.Minute)
		if got, want := p.Status(), "waiting for another run  1m 00s"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestProgressOfCopies: undo, split and verify go by names, and what they write to another
// stream of the terminal does not end up behind the line.
func TestProgressOfCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := NewProgress(&out, wide, true)
		p.Begin(Opening)
		time.Sleep(2 * paintEvery)
		expect(t, &out, "reading the journal")
		p.Begin(Measuring) // half a million names on a spinning disk
		time.Sleep(90*time.Second + time.Millisecond)
		expect(t, &out, "looking how much room copies need  1m 30s")
		p.BeginNames(Copying, 4)
		p.OnCopy(dedupe.UndoOutcome{Kind: dedupe.Linked, Bytes: 8192})
		p.OnCopy(dedupe.UndoOutcome{Kind: dedupe.Skipped})
		time.Sleep(time.Second + time.Millisecond)
		expect(t, &out, "copying  50% [=======>        ]  2 of 4 names · 8.0 KiB copied")
		p.Close()
		p = NewProgress(&out, wide, true)
		p.BeginNames(Checking, 4)
		p.OnChecked(dedupe.Checked{Names: 1})
		time.Sleep(time.Second + time.Millisecond)
		expect(t, &out, "checking  25% [===>            ]  1 of 4 names")
		p.BeginNames(Checking, 4)
		time.Sleep(time.Second + time.Millisecond)
		expect(t, &out, "checking   0% [                ]  0 of 4 names")
		_, _ = p.Beside(&out).Write([]byte("changed: x\n"))
		if !strings.HasSuffix(out.history(), eraseLine+"changed: x\n") {
			t.Errorf("the line is not cleared before: %q", out.history())
		}
		p.Close()
	})
}

func expect(t *testing.T, out *screen, want string) {
	t.Helper()
	synctest.Wait()
	if got := out.line(); got != want {
		t.Errorf("line %q, want %q", got, want)
	}
}

func TestProgressPaintsTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := NewProgress(&out, wide, true)
		p.Begin(Scanning)
		p.Begin(Scanning) // a new phase does not start a second ticker
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		p.Close()
		if n := strings.Count(out.history(), "scanning"); n != 10 {
			t.Errorf("painted %d times in a second, want 10", n)
		}
	})
}

func TestProgressClearsTheLineForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := NewProgress(&out, wide, true)
		p.Begin(Scanning)
		time.Sleep(150 * time.Millisecond)
		_, _ = p.Writer().Write([]byte("oneinode: trouble\n"))
		if !strings.HasSuffix(out.history(), eraseLine+"oneinode: trouble\n") {
			t.Errorf("the line is not cleared before: %q", out.history())
		}
		_, _ = p.Writer().Write([]byte("second\n"))
		if !strings.HasSuffix(out.history(), "trouble\nsecond\n") {
			t.Errorf("cleared without need: %q", out.history())
		}
		p.Close()
	})
}

func TestProgressOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := NewProgress(&out, wide, false)
		p.Begin(Scanning)
		p.OnFiles(1, 1)
		p.Begin(Hashing)
		time.Sleep(time.Second)
		p.Close()
		if out.history() != "" {
			t.Errorf("it paints: %q", out.history())
		}
	})
}

// However narrow the terminal is, the rate and the time left are seen.
func TestProgressFits(t *testing.T) {
	p := NewProgress(nil, nil, false)
	p.OnFiles(1_234_567, 200<<30)
	p.OnCandidates(123_456, 400<<30)
	p.OnRead(100 << 30)
	p.names.Store(1_000_000)
	p.linked.Store(250_000)
	for _, c := range []struct {
		phase   Phase
		columns int
		want    string
	}{
		{Hashing, 79, "reading  25% [=>      ]  100.0 GiB of 400.0 GiB · 28.4 MiB/s · 3h 00m left"},
		{Hashing, 59, "reading  25% [=>      ]  28.4 MiB/s · 3h 00m left"},
		{Hashing, 40, "reading  25%  28.4 MiB/s · 3h 00m left"},
		{Hashing, 25, "reading  25%  3h 00m left"},
		{Hashing, 10, "reading  2"},
		{Linking, 79, "linking  25% [=>      ]  250,000 of 1,000,000 names · 0 B freed · 3h 00m left"},
		{Linking, 59, "linking  25% [=>      ]  3h 00m left"},
		{Scanning, 59, "scanning  1,234,567 files · 200.0 GiB · 342 files/s"},
	} {
		p.phase = c.phase
		got := p.line(time.Hour, c.columns)
		if got != c.want || len([]rune(got)) > c.columns {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
	}
}

func TestProgressNeverWraps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := NewProgress(&out, func() int { return 20 }, true)
		p.Begin(Hashing)
		p.OnCandidates(1000, 1<<40)
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		if n := len([]rune(out.line())); n == 0 || n+len("^C") > 19 {
			t.Errorf("line of %d columns on a terminal of 20: %q", n, out.line())
		}
		p.Close()
	})
}
