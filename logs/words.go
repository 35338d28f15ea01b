package logs

// Words are what makes a line count as an error, as in
// LC_ALL=C grep -ciwE 'error|fatal|panic|critical'.
func Words() []string { return []string{"error", "fatal", "panic", "critical"} }

const (
	window    = 5       // the length of the shortest of Words
	pairs     = 1 << 10 // two letters of five bits
	wholeStep = window - 1
)

// finder looks for Words, after Wu and Manber, "A fast algorithm for multi-pattern
// searching" (1994), with blocks of two bytes: most steps skip four.
type finder struct {
	words []string
	skip  [pairs]uint8 // by the last two bytes of the window: how far the next match is at least
}

func newFinder() *finder {
	f := &finder{words: Words()}
	for i := range f.skip {
		f.skip[i] = wholeStep
	}
	for _, w := range f.words {
		for end := 1; end < window; end++ {
			at := pair(w[end-1], w[end])
			f.skip[at] = min(f.skip[at], uint8(window-1-end))
		}
	}
	return f
}

// pair is the same for both cases of a letter; some other bytes look like letters.
func pair(a, b byte) int { return int(a&31)<<5 | int(b&31) }

// in tells whether a message has one of the words. It looks through both halves at the
// same time: while the processor waits for the next step in one it goes on in the other.
func (f *finder) in(message []byte) bool {
	middle := len(message)/2 + window - 1
	first, second := window-1, middle
	for first < middle && second < len(message) {
		a := f.skip[pair(message[first-1], message[first])]
		b := f.skip[pair(message[second-1], message[second])]
		if a == 0 || b == 0 {
			if a == 0 && f.at(message, first-window+1) || b == 0 && f.at(message, second-window+1) {
				return true
			}
			a, b = max(a, 1), max(b, 1)
		}
		first += int(a)
		second += int(b)
	}
	return f.within(message, first, middle) || f.within(message, second, len(message))
}

// within tells whether one of the words has its window end from one place on and before
// another.
func (f *finder) within(message []byte, end, before int) bool {
	for end < min(before, len(message)) {
		step := f.skip[pair(message[end-1], message[end])]
		if step == 0 && f.at(message, end-window+1) {
			return true
		}
		end += max(int(step), 1)
	}
	return false
}

// at tells whether one of the words begins at a place and is none within another.
func (f *finder) at(message []byte, from int) bool {
	if from > 0 && isWord(message[from-1]) {
		return false
	}
	for _, w := range f.words {
		to := from + len(w)
		if to <= len(message) && isFolded(message[from:to], w) && (to == len(message) || !isWord(message[to])) {
			return true
		}
	}
	return false
}

func isFolded(some []byte, lower string) bool {
	for i, c := range some {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// IsError tells whether a message has one of [Words].
func IsError(message string) bool { return newFinder().in([]byte(message)) }
