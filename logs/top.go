package logs

import (
	"cmp"
	"slices"
)

// topKept is how many keys a top always keeps; it holds twice as many at most.
const topKept = 256

// top counts the most frequent keys in bounded memory, after Misra and Gries in the form
// of Anderson and others, "A high-performance algorithm for identifying frequent items
// in data streams" (2017): when it is full, what the middle key has is taken away from
// all, and those that have nothing left go. A count is too low by at most 1/topKept of
// all that was counted.
type top struct {
	counts map[string]*uint64
}

func newTop() *top { return &top{map[string]*uint64{}} }

func (t *top) add(key []byte) {
	if n := t.counts[string(key)]; n != nil { // makes no string
		*n++
		return
	}
	t.insert(string(key), 1)
}

func (t *top) insert(key string, n uint64) {
	if held := t.counts[key]; held != nil {
		*held += n
		return
	}
	t.counts[key] = &n
	if len(t.counts) >= 2*topKept {
		t.prune()
	}
}

func (t *top) prune() {
	all := make([]uint64, 0, len(t.counts))
	for _, n := range t.counts {
		all = append(all, *n)
	}
	slices.Sort(all)
	middle := all[len(all)-topKept-1]
	for key, n := range t.counts {
		if *n <= middle {
			delete(t.counts, key)
			continue
		}
		*n -= middle
	}
}

// ranked returns the keys that came most, most first.
func (t *top) ranked() []Ranked {
	all := make([]Ranked, 0, len(t.counts))
	for key, n := range t.counts {
		all = append(all, Ranked{key, *n})
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
