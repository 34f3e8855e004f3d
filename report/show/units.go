package show

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Size formats bytes for people, in units of 1024: "999 B", "1.5 MiB".
func Size(bytes int64) string {
	if bytes < 0 {
		return "-" + sizeOf(-float64(bytes))
	}
	return sizeOf(float64(bytes))
}

func sizeOf(v float64) string {
	if v < 1024 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " B"
	}
	units := "KMGTPE"
	for v /= 1024; len(units) > 1 && math.Round(v*10) >= 10240; v /= 1024 {
		units = units[1:]
	}
	return fmt.Sprintf("%.1f %ciB", v, units[0])
}

// Count formats a number with commas between the thousands.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Counted is a number with its noun: "1 file", "2 files", "3 directories".
func Counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Duration formats a time span for people: "35 ms", "2.4 s", "3m 05s", "2h 10m".
func Duration(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < 0:
		return "-" + Duration(-d)
	case s < 0.9995:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 59.95:
		return fmt.Sprintf("%.1f s", s)
	}
	switch s := int64(math.Round(d.Seconds())); {
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%dh %02dm", s/3600, s%3600/60)
	default:
		return fmt.Sprintf("%dd %02dh", s/86400, s%86400/3600)
	}
}

// Seconds is Duration for figures in seconds.
func Seconds(s float64) string { return Duration(time.Duration(s * float64(time.Second))) }

// Choose is for a part of a sentence.
func Choose(yes bool, word, other string) string {
	if yes {
		return word
	}
	return other
}
