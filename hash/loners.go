package hash

import "encoding/binary"

// lonerBits is how many bits each record has in the sieve: with 8 of them one
// loner in eight passes.
const lonerBits = 8

// discardLoners discards most of the records whose digest nobody else has, and tells alone of
// each. It is a sieve, there to keep the sort that follows short: a fifth of its time
// saves most of it in a tree where few files have an equal.
func (r *records) discardLoners(alone func(*Member)) {
	slots := uint64(1)
	for slots < uint64(len(r.members))*lonerBits {
		slots *= 2
	}
	once, twice := make([]uint64, slots/64+1), make([]uint64, slots/64+1)
	for i := range r.members {
		if discarded(&r.members[i]) {
			continue
		}
		word, bit := r.slot(i, slots)
		twice[word] |= once[word] & bit
		once[word] |= bit
	}
	for i := range r.members {
		m := &r.members[i]
		if word, bit := r.slot(i, slots); twice[word]&bit == 0 && !discarded(m) {
			alone(m)
			discard(m)
		}
	}
}

// slot is where a record falls: a digest is as good as a random number.
func (r *records) slot(i int, slots uint64) (word, bit uint64) {
	at := binary.LittleEndian.Uint64(r.digests.at(i)[:]) & (slots - 1)
	return at / 64, 1 << (at % 64)
}
