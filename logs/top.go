package logs

import (
	"cmp"
	"hash/maphash"
	"slices"
)

const (
	// topKept is how many keys a top always keeps; it holds twice as many at most.
	topKept = 256
	// topSlots is how many places its table has, four for each key that it always keeps.
	topSlots = 4 * topKept
)

// top counts the most frequent keys in bounded memory, after Misra and Gries in the form
// of Anderson and others, "A high-performance algorithm for identifying frequent items
// in data streams" (2017): when it is full, what the middle key has is taken away from
// all, and those that have nothing left go. A count is too low by at most 1/topKept of
// all that was counted.
//
// A map of the language would make a string for each key that comes in, and many come in
// only once.
type top struct {
	seed  maphash.Seed
	slots [topSlots]uint16 // by the hash of a key: its number in keys, plus one; 0 for none
	keys  []topKey
}

type topKey struct {
	hash  uint64
	count uint64
	key   []byte
}

func newTop() *top { return &top{seed: maphash.MakeSeed(), keys: make([]topKey, 0, 2*topKept)} }

func (t *top) add(key []byte) { t.addSome(key, 1) }

// addAll adds what another top counted. The counts are then too low by at most 1/topKept
// of all that both counted.
func (t *top) addAll(other *top) {
	for i := range other.keys {
		t.addSome(other.keys[i].key, other.keys[i].count)
	}
}

func (t *top) addSome(key []byte, n uint64) {
	hash := maphash.Bytes(t.seed, key)
	slot := hash % topSlots
	for ; t.slots[slot] != 0; slot = (slot + 1) % topSlots {
		// Two of 512 keys have the same hash of 64 bits once in 10^14 times.
		if k := &t.keys[t.slots[slot]-1]; k.hash == hash {
			k.count += n
			return
		}
	}
	if len(t.keys) == cap(t.keys) {
		t.prune()
		t.addSome(key, n)
		return
	}
	t.keys = t.keys[:len(t.keys)+1] // with the memory of a key that was there before
	k := &t.keys[len(t.keys)-1]
	k.hash, k.count, k.key = hash, n, append(k.key[:0], key...)
	t.slots[slot] = uint16(len(t.keys))
}

// prune takes from all what the middle key has.
func (t *top) prune() {
	middle := t.middle()
	t.slots = [topSlots]uint16{}
	kept := 0
	for i := range t.keys {
		if t.keys[i].count <= middle {
			continue
		}
		t.keys[i].count -= middle
		t.keys[kept], t.keys[i] = t.keys[i], t.keys[kept]
		slot := t.keys[kept].hash % topSlots
		for t.slots[slot] != 0 {
			slot = (slot + 1) % topSlots
		}
		kept++
		t.slots[slot] = uint16(kept)
	}
	t.keys = t.keys[:kept]
}

// middle is the count of the key in the middle. It mostly is small, so that there is
// nothing to sort.
func (t *top) middle() uint64 {
	var small [64]int // how many keys have each count
	for i := range t.keys {
		if n := t.keys[i].count; n < uint64(len(small)) {
			small[n]++
		}
	}
	for n, sum := 0, 0; n < len(small); n++ {
		if sum += small[n]; sum >= len(t.keys)-topKept {
			return uint64(n)
		}
	}
	all := make([]uint64, 0, len(t.keys))
	for i := range t.keys {
		all = append(all, t.keys[i].count)
	}
	slices.Sort(all)
	return all[len(all)-topKept-1]
}

// ranked returns the keys that came most, most first.
func (t *top) ranked() []Ranked {
	all := make([]Ranked, 0, len(t.keys))
	for i := range t.keys {
		all = append(all, Ranked{string(t.keys[i].key), t.keys[i].count})
	}
	return Rank(all)
}

// Rank sorts what came most to the front and cuts it to [TopShown].
func Rank(all []Ranked) []Ranked {
	slices.SortFunc(all, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return all[:min(len(all), TopShown)]
}
