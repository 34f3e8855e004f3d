package talk

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oneinode/oneinode/report/show"
)

// line composes the text of the phase for so many columns, 0 for any number; the
// caller holds the lock.
func (p *Progress) line(elapsed time.Duration, columns int) string {
	switch p.phase {
	case Waiting:
		return firstFit(columns, phrase("waiting for another run", show.Duration(elapsed)))
	case Opening:
		return firstFit(columns, "reading the journal")
	case Scanning:
		return p.scanLine(elapsed, columns)
	case Flushing:
		return firstFit(columns, phrase("flushing to disk", show.Duration(elapsed)), "flushing to disk")
	case Hashing:
		return p.readLine(elapsed, columns)
	case Deciding:
		return firstFit(columns, phrase("deciding what to link", show.Duration(elapsed)), "deciding")
	case Measuring:
		return firstFit(columns, phrase("looking how much room copies need", show.Duration(elapsed)), "looking for room")
	case Searching:
		return firstFit(columns, phrase("looking for names outside", show.Counted(p.directories.Load(), "directory", "directories")), "looking for names outside")
	case Checking:
		return p.nameLine("checking", "", elapsed, columns)
	case Copying:
		return p.nameLine("copying", show.Size(p.frees.Load())+" copied", elapsed, columns)
	}
	return p.nameLine("linking", show.Size(p.frees.Load())+" freed", elapsed, columns)
}

func (p *Progress) scanLine(elapsed time.Duration, columns int) string {
	n := p.files.Load()
	files, bytes, pace := show.Counted(n, "file", "files"), show.Size(p.bytes.Load()), show.Count(rate(n, elapsed))+" files/s"
	in := " in " + show.Counted(p.directories.Load(), "directory", "directories")
	return firstFit(columns,
		phrase("scanning", files+in, bytes, pace), phrase("scanning", files, bytes, pace),
		phrase("scanning", files, pace), phrase("scanning", files))
}

// readLine keeps longest what people wait for: the rate, and at last the time left.
func (p *Progress) readLine(elapsed time.Duration, columns int) string {
	if p.candidates.Load() == 0 { // of which nothing is known yet
		return firstFit(columns, "comparing sizes")
	}
	fraction, read, most := p.fraction(), p.read.Load(), show.Size(p.upperBound.Load())
	head := func(bar int) string { return drawBar(bar, "reading", fraction) }
	pace, left := show.Size(rate(read, elapsed))+"/s", eta(fraction, elapsed)
	files := show.Count(p.decided.Load()) + " of " + show.Counted(p.candidates.Load(), "file", "files")
	return firstFit(columns,
		phrase(head(barWidth), show.Size(read)+" of at most "+most, pace, left, files),
		phrase(head(shortBar), show.Size(read)+" of at most "+most, pace, left, files),
		phrase(head(shortBar), show.Size(read)+" of at most "+most, pace, left),
		phrase(head(shortBar), show.Size(read)+" of "+most, pace, left),
		phrase(head(shortBar), pace, left), phrase(head(0), pace, left), phrase(head(0), left), head(0))
}

// nameLine is for the phases that go by names; bytes says what has come of it.
func (p *Progress) nameLine(what, bytes string, elapsed time.Duration, columns int) string {
	fraction, done := p.fraction(), p.linked.Load()+p.notLinked.Load()
	head := func(bar int) string { return drawBar(bar, what, fraction) }
	names := show.Count(done) + " of " + show.Counted(p.names.Load(), "name", "names")
	left := eta(fraction, elapsed)
	return firstFit(columns,
		phrase(head(barWidth), names, bytes, left), phrase(head(shortBar), names, bytes, left),
		phrase(head(shortBar), names, left), phrase(head(shortBar), left), phrase(head(0), left), head(0))
}

// phrase joins what there is to say.
func phrase(head string, parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.TrimRight(head+"  "+strings.Join(parts, " · "), " ")
}

// firstFit returns the first line of at most so many columns, one a rune. The last
// one is cut if it must be: a line that wraps cannot be cleared.
func firstFit(columns int, lines ...string) string {
	for _, line := range lines {
		if columns <= 0 || utf8.RuneCountInString(line) <= columns {
			return line
		}
	}
	return string([]rune(lines[len(lines)-1])[:columns])
}
