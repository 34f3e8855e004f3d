package report

import (
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	barWidth = 16
	barSteps = 1000 // steps of the bar from empty to full
)

// newBar makes a bar that only draws into a string: sizes, rates and times come
// from this package's own formatters, and Progress does the painting.
func newBar() *progressbar.ProgressBar {
	return progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetTheme(progressbar.Theme{
			Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]",
		}))
}

// drawBar returns the bar with its text before it, filled up to fraction (0–1).
func drawBar(bar *progressbar.ProgressBar, text string, fraction float64) string {
	_ = bar.Set(int(fraction * barSteps)) // its writer cannot fail
	bar.Describe(text)
	return strings.Trim(bar.String(), "\r ")
}

// etaAfter is how long a phase must run before its rate foretells anything.
const etaAfter = 2 * time.Second

// eta foretells the rest from the part that is done, "" while that says little.
func eta(fraction float64, elapsed time.Duration) string {
	if elapsed < etaAfter || fraction < 0.01 || fraction >= 1 {
		return ""
	}
	left := float64(elapsed) * (1 - fraction) / fraction
	return " · " + Duration(time.Duration(left)) + " left"
}

// rate is units per second, 0 at the very beginning.
func rate(units int64, elapsed time.Duration) int64 {
	if elapsed <= 0 {
		return 0
	}
	return int64(float64(units) / elapsed.Seconds())
}

// share is part/whole held between 0 and 1; 0 when the whole is not known.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, float64(part)/float64(whole)))
}
