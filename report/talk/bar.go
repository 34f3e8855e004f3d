package talk

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/oneinode/oneinode/report/show"
)

const (
	barWidth = 16
	shortBar = 8    // where the line is narrow
	barSteps = 1000 // steps of the bar from empty to full
)

// newBar makes a bar that only draws into a string: sizes, rates and times come
// from this package's own formatters, and Progress does the painting.
func newBar(width int) *progressbar.ProgressBar {
	return progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(width),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetTheme(progressbar.Theme{
			Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]",
		}))
}

// drawBar returns a bar with its text before it, filled up to fraction (0–1);
// without any width it is the text and the figure.
func drawBar(width int, text string, fraction float64) string {
	if width == 0 {
		return fmt.Sprintf("%s %3d%%", text, int(fraction*100))
	}
	bar := newBar(width)
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
	return show.Duration(time.Duration(left)) + " left"
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
