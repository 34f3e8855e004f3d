package journal

// Info is what a list of runs tells of one.
type Info struct {
	Begin
	End      *End // nil: the run still lives, or was killed
	Live     bool // a process holds its lock
	Torn     bool // the end of the file was cut off
	Damage   Damage
	Intended int64
	Refused  int64 // replacements that are known not to have happened
	Stuck    int64 // replacements of which only a look at the name tells
	Linked   int64 // as far as it is known
	Freed    int64 // bytes, likewise
	Undone   int64 // replacements taken back
	Left     int64 // replacements that an undo left alone, each time
	Apart    int64 // names that need nothing any more, as the last undo saw them
	apart    map[int64]bool
}

// Damage are the lines that cannot be read, with whole ones behind them: no run leaves
// that behind, a disk does. What they said is not known; the other lines count.
type Damage struct {
	Lines int64
	First int64 // number of the first of them, from 1
}

// count takes one record into the description.
func (i *Info) count(r *Record) {
	switch {
	case r.Begin != nil:
		i.Begin = *r.Begin
	case r.Replace != nil && !r.Replace.Again:
		i.Intended++
	case r.Done != nil:
		i.countDone(r.Done)
	case r.End != nil:
		i.End = r.End
	case r.Undone != nil:
		i.countUndone(r.Undone)
	}
}

// countDone takes in how a replacement ended.
func (i *Info) countDone(d *Done) {
	i.Freed += d.Freed
	switch {
	case d.Reason == "":
		i.Linked++
	case d.Refused():
		i.Refused++
	default:
		i.Stuck++
	}
}

// countUndone takes in what an undo did about a name. Of several that looked at it, the
// last one counts.
func (i *Info) countUndone(u *Undone) {
	if u.Reason == "" {
		i.Undone++
	} else {
		i.Left++
	}
	if i.apart == nil {
		i.apart = map[int64]bool{}
	}
	if delete(i.apart, u.Seq); u.Apart {
		i.apart[u.Seq] = true
	}
	i.Apart = int64(len(i.apart))
}

// Replaced is how many names the run has replaced, at most. One that ended has said
// how many they were, also where the line of a name is damaged.
func (i *Info) Replaced() int64 {
	if i.End == nil {
		return i.Intended - i.Refused
	}
	return max(i.Linked, i.End.Linked) + i.Stuck
}

// TakenBack reports whether an undo has dealt with all that the run linked. Of a run that
// was killed that is not known if lines are damaged: they may have told of more names.
func (i *Info) TakenBack() bool {
	dealt := i.Undone + i.Apart
	return dealt > 0 && dealt >= i.Replaced() && (i.End != nil || i.Damage.Lines == 0)
}

// Stands reports whether there is something of a run to look at or to take back: it has
// linked names, is at work no more, and was not undone.
func (i *Info) Stands() bool {
	return i.Kind == KindDedupe && !i.Live && i.Replaced() > 0 && !i.TakenBack()
}

// isHeld reports whether a process works on a run that links, or takes it back.
func (i *Info) isHeld() bool { return i.Kind == KindDedupe && i.Live }
