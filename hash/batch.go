package hash

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/ring"
	"github.com/oneinode/oneinode/scan"
)

const (
	// batchFiles is how many small files a reader opens before it reads them with
	// one call. Cold, 300,000 files on a virtual disk took 4.3 s with 64, and 9.2 s
	// one by one: most lay side by side, so that ten times fewer reads reached the
	// disk. With 256 it was no faster.
	batchFiles = 64
	// batchBytes is how much they hold together at most.
	batchBytes = 128 << 10
)

// visit is a candidate on its way through the first stage: it is opened
// (prepare), its beginning is read, and then it is judged.
type visit struct {
	k     int // its number for who asked
	m     *Member
	d     *Digest
	buf   []byte // for what is read
	fd    int
	began time.Time
	// alone: it was prepared once before, and no other file is open now, so that it may
	// be waited for.
	alone bool
	// looked: the record was filled in before the read, and must still be true after it.
	looked bool
}

// verdict is what is known of a visit.
type verdict int

const (
	undecided verdict = iota
	taken             // its record counts
	leftOut
	young // changed a moment ago, or since the walk: its turn comes when it is alone
)

// first takes one candidate through the first stage that was put aside before; false if
// it was left out.
func (r *reader) first(ctx context.Context, m *Member, d *Digest) bool {
	v := visit{m: m, d: d, buf: r.room()[:firstSize(r.tree.Size(m.Name))], alone: true}
	if known := r.prepare(ctx, &v); known != undecided {
		return known == taken
	}
	defer unix.Close(v.fd) // and with it the lease
	return r.judge(&v, readFull(v.fd, v.buf, 0)) == taken
}

// firstOf takes the candidates lo..hi-1 through the first stage, as many at a time as
// there is room for. at gives the record of each that is to be read, done hears of
// each.
func (r *reader) firstOf(ctx context.Context, lo, hi int, at func(k int) (*Member, *Digest), done func(k int, ok bool)) {
	for lo < hi && ctx.Err() == nil {
		lo = r.prepareAll(ctx, lo, hi, at, done)
		r.readAll()
		for i := range r.visits {
			v := &r.visits[i]
			r.conclude(v.k, r.judge(v, r.reads[i].Err), done)
			unix.Close(v.fd) // and with it the lease
		}
		r.firstYoung(ctx, at, done)
		r.tell()
	}
}

// conclude passes a verdict on, or puts a young file aside.
func (r *reader) conclude(k int, known verdict, done func(k int, ok bool)) {
	if known == young {
		r.young = append(r.young, k)
		return
	}
	done(k, known == taken)
}

// firstYoung takes those that were put aside through the first stage. Each may have to
// be waited for, and by now no lease makes a writer of another file wait as well.
func (r *reader) firstYoung(ctx context.Context, at func(k int) (*Member, *Digest), done func(k int, ok bool)) {
	for _, k := range r.young {
		m, d := at(k)
		done(k, r.first(ctx, m, d))
	}
	r.young = r.young[:0]
}

// tell passes on what the reader has counted. For each file alone that would take
// a fiftieth of the time: all readers write to the same places.
func (r *reader) tell() {
	if r.bytes > 0 {
		r.onRead(r.bytes)
	}
	r.search.done(r.decided, r.settled)
	r.bytes, r.decided, r.settled = 0, 0, 0
}

// prepareAll prepares as many as there is room for, and returns the one that comes next.
func (r *reader) prepareAll(ctx context.Context, lo, hi int, at func(k int) (*Member, *Digest), done func(k int, ok bool)) int {
	r.visits = r.visits[:0]
	for room := r.room(); lo < hi && len(r.visits) < r.batch && ctx.Err() == nil; lo++ {
		m, d := at(lo)
		if isRecalled(m) { // of most, on most nights: nothing else is looked up
			r.conclude(lo, taken, done)
			continue
		}
		n := firstSize(r.tree.Size(m.Name))
		if n > int64(len(room)) {
			break
		}
		v := visit{k: lo, m: m, d: d, buf: room[:n:n]}
		if known := r.prepare(ctx, &v); known != undecided {
			r.conclude(lo, known, done)
			continue
		}
		r.visits, room = append(r.visits, v), room[n:]
	}
	return lo
}

// room is where files are read to.
func (r *reader) room() []byte {
	if r.buf == nil {
		r.buf = make([]byte, batchBytes)
	}
	return r.buf
}

// readAll reads what was prepared, with one call where the kernel can do that. What
// it does not bring is asked for once more, file by file.
func (r *reader) readAll() {
	r.reads = r.reads[:0]
	for i := range r.visits {
		r.reads = append(r.reads, ring.Read{FD: r.visits[i].fd, Buf: r.visits[i].buf})
	}
	r.readTogether()
	for i := range r.reads {
		q := &r.reads[i]
		q.Err = readFull(q.FD, r.visits[i].buf[q.N:], int64(q.N))
	}
}

// readTogether reads with one call what it can.
func (r *reader) readTogether() {
	if !r.rings || len(r.reads) < 2 {
		return
	}
	if r.ring == nil {
		made, err := ring.New(batchFiles)
		if err != nil {
			r.rings = false
			return
		}
		r.ring = made
	}
	if err := r.ring.Read(r.reads); err != nil {
		r.abandonRing()
	}
}

// abandonRing goes on without a ring that has failed. The kernel may still write to
// the buffer, so it gets a new one.
func (r *reader) abandonRing() {
	r.ring.Close()
	r.ring, r.rings, r.buf = nil, false, nil
	room := r.room()
	for i := range r.visits {
		n := len(r.visits[i].buf)
		r.visits[i].buf, room = room[:n:n], room[n:]
		r.reads[i].N = 0
	}
}

// prepare opens a candidate. The walk has looked at the file already: when it still
// is what it was then, one look after the read proves that nothing moved
// meanwhile. A file that has changed lately is looked at first, and so is one that may
// lie where another does: it need not be read. fd is open as long as the visit is undecided.
func (r *reader) prepare(ctx context.Context, v *visit) verdict {
	// Before a lease makes writers wait as well.
	if !v.alone && r.wait(ctx, int64(len(v.buf))) != nil {
		return leftOut
	}
	var ok bool
	if v.fd, ok = r.openFile(v.m.Name); !ok {
		return leftOut
	}
	if isLarge(r.tree.Size(v.m.Name)) {
		stopReadAhead(v.fd)
	}
	known := undecided
	v.began = time.Now()
	if v.alone || r.mayShare(v.m.Name) {
		known = r.look(ctx, v)
	} else if r.busy(v.fd, v.m.Name, r.tree.Facts(v.m.Name).Ctime, v.began) {
		known = leftOut
	}
	if known != undecided {
		unix.Close(v.fd)
	}
	return known
}

// look fills in a record before the read.
func (r *reader) look(ctx context.Context, v *visit) verdict {
	st, ok := r.identify(v.fd, v.m.Name)
	if !ok {
		return leftOut
	}
	if !v.alone && unsettled(st.Ctime, time.Now()) > 0 {
		return young
	}
	st, ok = r.settle(ctx, v.fd, v.m.Name, st)
	if !ok || r.busy(v.fd, v.m.Name, st.Ctime, time.Now()) {
		return leftOut
	}
	r.take(v.fd, v.m, &st)
	v.looked = true
	if c := r.claim(r.locate(v.fd, v.m), v.m, v.d); c != nil {
		return r.park(v.fd, c, v.m, v.d)
	}
	return undecided
}

// judge decides about a candidate after its read, which ended with err.
func (r *reader) judge(v *visit, err error) verdict {
	if v.looked {
		return r.judgeLooked(v, err)
	}
	st, ok := r.identify(v.fd, v.m.Name)
	if !ok {
		return leftOut
	}
	met := r.tree.Facts(v.m.Name)
	if !sameTimes(&st, &met) || unsettled(st.Ctime, v.began) > 0 {
		return young
	}
	if err != nil {
		r.skipRead(v.m.Name, err)
		return leftOut
	}
	r.take(v.fd, v.m, &st)
	r.bytes += int64(len(v.buf))
	r.digest(v.buf, v.d)
	return taken
}

func (r *reader) judgeLooked(v *visit, err error) verdict {
	if err != nil {
		r.skipRead(v.m.Name, err)
		return leftOut
	}
	r.onRead(int64(len(v.buf)))
	r.digest(v.buf, v.d)
	if !r.unchanged(v.fd, v.m) {
		return leftOut
	}
	return taken
}

// take fills in the record of an open file.
func (r *reader) take(fd int, m *Member, st *scan.Stat) {
	r.changes.note(r.tree, m.Name, scan.FactsOf(st))
	m.Attrs = r.attrsOf(fd, m.Name, st)
	m.Unread, m.state = false, present
}

func (r *reader) digest(buf []byte, d *Digest) {
	r.hasher.Reset()
	r.hasher.Write(buf)
	r.hasher.Sum(d[:0])
}
