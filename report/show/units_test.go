package show

import (
	"math"
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", -1536: "-1.5 KiB",
		1<<20 - 1: "1.0 MiB", 1<<20 - 52429: "972.8 KiB", 1<<30 - 1: "1.0 GiB", 5 << 40: "5.0 TiB",
		math.MaxInt64: "8.0 EiB", math.MinInt64: "-8.0 EiB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("Size(%d) = %s, want %s", bytes, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 1234567: "1,234,567", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	for n, want := range map[int64]string{0: "0 files", 1: "1 file", 2000: "2,000 files"} {
		if got := Counted(n, "file", "files"); got != want {
			t.Errorf("Counted(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 1500 * time.Microsecond: "2 ms", 999_400 * time.Microsecond: "999 ms", 999_600 * time.Microsecond: "1.0 s",
		2345 * time.Millisecond: "2.3 s", 59_960 * time.Millisecond: "1m 00s", 185 * time.Second: "3m 05s", 3599600 * time.Millisecond: "1h 00m",
		130 * time.Minute: "2h 10m", 50 * time.Hour: "2d 02h", -3 * time.Second: "-3.0 s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%d ms) = %s, want %s", d.Milliseconds(), got, want)
		}
	}
}
